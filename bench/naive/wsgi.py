from django.core.wsgi import get_wsgi_application

import bench.naive.celery  # noqa: F401 -- binds the tasks to the broker

application = get_wsgi_application()
