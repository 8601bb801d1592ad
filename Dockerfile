FROM python:3.11-slim-bookworm AS build
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /src
COPY pyproject.toml constraints.txt overrides.txt README.md LICENSE ./
COPY kb kb
COPY ingest ingest
COPY web web
RUN uv venv /app && (uv pip install --compile-bytecode --python /app/bin/python --torch-backend=cpu --constraint constraints.txt --override overrides.txt . \
    || uv pip install --compile-bytecode --python /app/bin/python --constraint constraints.txt --override overrides.txt .)
RUN /app/bin/kb models add multilingual --for-all

FROM python:3.11-slim-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends \
      tesseract-ocr tesseract-ocr-deu tesseract-ocr-fra tesseract-ocr-ita \
      libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home commonplace \
    && install -d -o 10001 -g 10001 /data
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH KB_DATA_DIR=/data
USER 10001:10001
VOLUME /data
EXPOSE 8000
CMD ["kb", "serve"]
