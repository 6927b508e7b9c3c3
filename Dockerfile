# One image for every process; the command chooses which: runpm, runtrader hyperliquid, runexchange.
FROM python:3.12-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin pog
WORKDIR /app

COPY requirements.txt requirements-lighter.txt ./
RUN pip install --no-deps --require-hashes -r requirements.txt -r requirements-lighter.txt

COPY manage.py supervisord.conf .env.example ./
COPY venues venues
COPY portfolio portfolio
COPY riskcontrol riskcontrol
COPY templates templates
COPY static static
RUN install --directory --owner=pog --mode=700 /var/lib/pog

USER pog
ENV VAR_DIR=/var/lib/pog BIND=127.0.0.1
VOLUME /var/lib/pog
EXPOSE 9004 9002 9010

# PM, trader and exchange each answer /healthz; HEALTH_PORT names the port of the one that runs here.
ENV HEALTH_PORT=9004
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["python", "-c", \
    "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"HEALTH_PORT\"]}/healthz', timeout=2)"]

# Everything on one machine; `docker run IMAGE python manage.py runpm` runs a single process.
CMD ["python", "-m", "portfolio.supervise"]
