FROM python:3.13-slim
RUN pip install --no-cache-dir uv
WORKDIR /app
COPY . .
# Exactly the versions of uv.lock.
RUN uv sync --frozen --no-dev --no-editable --no-cache
RUN useradd --create-home evload
USER evload
WORKDIR /home/evload
ENV PATH=/app/.venv/bin:$PATH
EXPOSE 8000
# All addresses of the container, as the port could not be published otherwise. So it starts once there is a token
# (`evload token create`), or with EVLOAD_OPEN=1, which lets everybody read who reaches the port.
CMD ["evload", "up", "--host", "0.0.0.0"]
