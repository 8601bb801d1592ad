FROM python:3.11-slim-bookworm AS build
RUN pip install --no-cache-dir uv==0.13.9
ENV UV_NO_CACHE=1
WORKDIR /src
# Packages first: the next release finds this layer again.
COPY pyproject.toml constraints.txt overrides.txt ./
# none: OpenVINO embeds, on the processor. cpu: torch as well. cuda: torch for NVIDIA's cards, gigabytes more.
ARG TORCH=none
RUN case "$TORCH" in \
      none) printf '%s ; python_version < "0"\n' torch sentence-transformers >> overrides.txt; build= ;; \
      cpu) build=--torch-backend=cpu ;; \
      cuda) build= ;; \
      *) echo "TORCH is none, cpu or cuda" >&2; exit 1 ;; \
    esac \
    && uv venv /app \
    && uv pip install --compile-bytecode --python /app/bin/python $build --constraint constraints.txt --override overrides.txt --requirements pyproject.toml
COPY README.md LICENSE ./
COPY kb kb
COPY ingest ingest
COPY web web
RUN uv pip install --compile-bytecode --python /app/bin/python --no-deps . \
    && /app/bin/kb models add multilingual --for-all

FROM python:3.11-slim-bookworm
# tini ends what a killed parser leaves behind: the first process of a container has to.
RUN apt-get update && apt-get install -y --no-install-recommends \
      tesseract-ocr tesseract-ocr-deu tesseract-ocr-fra tesseract-ocr-ita \
      libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home commonplace \
    && install -d -o 10001 -g 10001 -m 700 /data /backup \
    && install -d -o 10001 -g 10001 -m 750 /run/commonplace
COPY --from=build /app /app
# The root is read-only: LibreOffice and tesseract want a home, which is the temporary folder.
ENV PATH=/app/bin:$PATH KB_DATA_DIR=/data HOME=/tmp XDG_CONFIG_HOME=/etc/xdg
USER 10001:10001
VOLUME ["/data", "/backup", "/run/commonplace"]
EXPOSE 8000
ENTRYPOINT ["tini", "--"]
CMD ["kb", "serve"]
