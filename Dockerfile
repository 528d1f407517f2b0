FROM python:3.13-slim
WORKDIR /app
COPY . .
RUN pip install --no-cache-dir .
RUN useradd --create-home evload
USER evload
WORKDIR /home/evload
EXPOSE 8000
CMD ["evload", "up", "--host", "0.0.0.0"]
