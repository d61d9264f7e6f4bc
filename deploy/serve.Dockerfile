# `pixelproof serve` and what it imports: nothing that trains, no DVC, no MLflow. docs/use.md says how to start it.
FROM python:3.11-slim AS packages
WORKDIR /build
COPY requirements.lock requirements-uv.lock ./
# The lock is taken as constraints: its versions and hashes hold, its other packages stay out.
RUN pip install --no-cache-dir --require-hashes -r requirements-uv.lock \
    && uv venv /opt/serve \
    && uv pip install --python /opt/serve --no-cache --compile-bytecode --constraints requirements.lock \
        fastapi keras numpy opencv-python-headless pandas pi-heif pillow prometheus-client psutil pyarrow pydantic \
        python-multipart rich ruamel-yaml scikit-learn scipy simplejpeg skops tensorflow tifffile typer uvicorn

FROM python:3.11-slim
COPY --from=packages /opt/serve /opt/serve
WORKDIR /srv
COPY pixelproof pixelproof
RUN useradd --no-create-home serve
USER serve
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["/opt/serve/bin/python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/ready', timeout=4)"]
# Limits may follow as arguments: --max-megapixels=20
ENTRYPOINT ["/opt/serve/bin/python", "-m", "pixelproof", "serve", "--host=0.0.0.0", "--port=8000", "--model=/model"]
