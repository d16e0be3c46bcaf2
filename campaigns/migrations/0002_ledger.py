"""What the ORM cannot say: the sequence of LivePerson's ids, the composite key, the final states."""

from django.db import migrations

SEQUENCE = "CREATE SEQUENCE campaigns_le_id START 1239032370"

# A message and its campaign belong to one account, whatever code is wrong.
COMPOSITE_KEY = """
ALTER TABLE campaigns_outboundmessage ADD CONSTRAINT message_campaign_of_account
    FOREIGN KEY (account_id, campaign_id) REFERENCES campaigns_campaign (account_id, id)
    DEFERRABLE INITIALLY DEFERRED
"""

FINAL_STATES = """
CREATE FUNCTION campaigns_refuse_leaving_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'message % is % and cannot become %', OLD.public_id, OLD.state, NEW.state
        USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER message_final_state BEFORE UPDATE OF state ON campaigns_outboundmessage
    FOR EACH ROW
    WHEN (OLD.state NOT IN ('queued', 'sending') AND NEW.state IS DISTINCT FROM OLD.state)
    EXECUTE FUNCTION campaigns_refuse_leaving_final();
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_initial")]

    operations = [
        migrations.RunSQL(SEQUENCE, "DROP SEQUENCE campaigns_le_id"),
        migrations.RunSQL(
            COMPOSITE_KEY,
            "ALTER TABLE campaigns_outboundmessage DROP CONSTRAINT message_campaign_of_account",
        ),
        migrations.RunSQL(
            FINAL_STATES,
            "DROP TRIGGER message_final_state ON campaigns_outboundmessage;"
            " DROP FUNCTION campaigns_refuse_leaving_final()",
        ),
    ]
