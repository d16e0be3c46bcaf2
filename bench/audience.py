"""Many people of the brand's app with their devices, stored by a statement for each table."""

from django.db import connection

from bench.world import World

# Of a hundred, 5 never signed in, 4 opted out, and 1 is talking with the brand; a quarter have two
# devices of the app, a tenth none; one device in five is logged out, and one in ten is too old.
_PEOPLE = """
INSERT INTO consumers_consumer (account_id, ref, name, created_at, last_login_at, opted_out_at)
SELECT %(account)s, 'person-' || n, '', now(), CASE WHEN n %% 20 <> 1 THEN now() END,
       CASE WHEN n %% 25 = 2 THEN now() END
FROM generate_series(1, %(count)s) n
"""
_DEVICES = """
INSERT INTO consumers_device
    (public_id, account_id, consumer_id, app_id, platform, token, token_digest, p256dh, auth,
     environment, sdk_version, is_androidx, os_version, model, locale, time_zone, country, city,
     label, registered_at, last_seen_at, logout_type, logged_out_at, removed_reason)
SELECT gen_random_uuid(), %(account)s, c.id, %(app)s,
       CASE WHEN (c.id + k) %% 2 = 0 THEN 'ios' ELSE 'android' END,
       c.id || '-' || k || repeat('x', 140), lpad(c.id || '-' || k, 64, '0'), '', '', '',
       CASE WHEN (c.id / 7 + k) %% 10 = 0 THEN '4.0' ELSE '6.22.' || (c.id + k) %% 9 END,
       false, '17.5', 'Phone 15', 'en-GB', 'Europe/Stockholm', 'SE', 'Stockholm', '', now(),
       now() - (c.id * 7 + k) %% 60 * interval '1 day',
       CASE WHEN (c.id / 3 + k) %% 5 = 0 THEN 'ALL' ELSE '' END,
       CASE WHEN (c.id / 3 + k) %% 5 = 0 THEN now() END, ''
FROM consumers_consumer c, generate_series(1, CASE WHEN c.id %% 10 = 3 THEN 0
                                                   WHEN c.id %% 4 = 0 THEN 2 ELSE 1 END) k
WHERE c.account_id = %(account)s
"""
_CONVERSATIONS = """
INSERT INTO conversations_conversation
    (account_id, public_id, consumer_id, skill_id, channel, state, explanation, opened_at,
     closed_by)
SELECT %(account)s, gen_random_uuid(), id, %(skill)s, 'inapp', 'open', 'It was opened.', now(), ''
FROM consumers_consumer WHERE account_id = %(account)s AND id %% 100 = 50
"""


def fill_audience(world: World, people: int) -> None:
    values = {
        "account": world.account.pk,
        "app": world.app.pk,
        "skill": world.skill.pk,
        "count": people,
    }
    with connection.cursor() as cursor:
        for statement in (_PEOPLE, _DEVICES, _CONVERSATIONS):
            cursor.execute(statement, values)
