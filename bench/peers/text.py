"""What every contender sends: about 425 bytes, each with another token."""

DATA = {
    "payload": '{"id":"0193a1b2c3d47e8f9a0b1c2d3e4f5061","brandId":"48213907","backendService":'
    '"prmsg","lookBackPeriod":"2592000000","message":"Hi, your new card is on its way \U0001f4b3",'
    '"title":"Your new card","badge":1}'
}
ALERT = {"title": "Your new card", "body": "Hi, your new card is on its way \U0001f4b3"}


def token(number: int) -> str:
    """Hexadecimal, as Apple's are, and as long as Google's."""
    return f"{number:06x}{'a' * 134}"
