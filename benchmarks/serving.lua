-- For wrk: asks for the paths in the file PATHS in turn, and prints what was measured as one line of JSON.
local file = os.getenv("PATHS")

if file then
  local requests, turn = {}, 0

  function init()
    for path in io.lines(file) do
      requests[#requests + 1] = wrk.format(nil, path)
    end
  end

  function request()
    turn = turn % #requests + 1
    return requests[turn]
  end
end

function done(summary, latency)
  local failed = summary.errors
  print(string.format(
    '{"requests": %d, "microseconds": %d, "p50_us": %d, "p99_us": %d, "errors": %d}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    failed.connect + failed.read + failed.write + failed.timeout + failed.status
  ))
end
