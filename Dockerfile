# The product's processes in one image: compose.yaml says what each of them runs.
FROM python:3.11-slim AS packages
COPY requirements.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /proactive
COPY --from=packages /venv /venv
COPY . .
# What the settings ask for and collecting files does not use; nothing of it stays in the image.
RUN SECRET_KEY=unused DATABASE_URL=postgres://unused REDIS_URL=redis://unused \
    FIELD_KEYS=unused TOKEN_SIGNING_KEY=unused \
    python manage.py collectstatic --no-input
RUN useradd --system --uid 10001 proactive
USER proactive
EXPOSE 8000
CMD ["gunicorn", "-c", "python:proactive_site.gunicorn", "proactive_site.wsgi"]
