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
# All addresses of the container, as the port could not be published otherwise. There is no login yet, so publish it on
# 127.0.0.1, as docker-compose.yml does, or behind a proxy that asks who is there.
CMD ["evload", "up", "--host", "0.0.0.0"]
