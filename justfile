# The commands that recur. `just` lists them; https://just.systems says how to get it. Each is plain uv underneath.

default:
    @just --list

# Run the tests, or those that the arguments choose
test *arguments:
    uv run pytest {{ arguments }}

# Check Python, SQL and JavaScript
lint:
    uv run ruff check
    uv run ruff format --check
    uv run mypy
    uvx sqlfluff@4.5.0 lint sql
    npx --yes @biomejs/biome@2.6.8 ci

# Format Python and JavaScript
format:
    uv run ruff check --fix
    uv run ruff format
    npx --yes @biomejs/biome@2.6.8 format --write

# Start the embedded Postgres, load files or the sample, and serve the API and the dashboard
serve *files:
    uv run evload up {{ files }}

# Run one benchmark, as in `just benchmark loading --quick`
benchmark name *arguments:
    uv run python benchmarks/{{ name }}.py {{ arguments }}

# See that every benchmark still works; the figures mean nothing
benchmarks:
    uv run python benchmarks/loading.py --quick
    uv run python benchmarks/serving.py --quick
    uv run python benchmarks/polling_while_loading.py --quick
    uv run python benchmarks/kill_while_loading.py --quick
    uv run python benchmarks/fast_motion.py --quick
    uv run python benchmarks/soak.py --minutes 0.5
    uv run python benchmarks/fuzz_protocol.py --requests 1000
    uv run python benchmarks/fuzz_scopes.py --requests 1000
    uv run python benchmarks/memory_growth.py --quick
    uv run python benchmarks/fuzzing.py --examples 10
