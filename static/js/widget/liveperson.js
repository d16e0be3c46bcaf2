// LivePerson's agent workspace, by the public keys of its SDK. Not proven against the real one.

// Where the brand's own id of the consumer may be, the surest first.
const KEYS = [
  ["claimsAndAuthType.claims", (claims) => claims?.sub],
  ["authenticatedData.customerDetails", (details) => details?.customerId],
  ["visitorInfo.visitorId", (id) => id],
];

/** Follows the workspace's keys; `sdk` is `lpTag.agentSDK` or what behaves like it. */
export function followAgentSdk(sdk, { turnTo, setTheme }) {
  if (!sdk) return;
  const known = new Map();

  const read = (path, take) => {
    // What a key holds is `newValue` when it changes, and the value itself when it is asked for.
    sdk.bind(path, ({ newValue }) => take(newValue), nothing);
    sdk.get(path, take, nothing);
  };
  sdk.init?.({ notificationCallback: nothing });
  for (const [path, idIn] of KEYS) {
    read(path, (value) => {
      known.set(path, String(idIn(value) ?? ""));
      turnTo(KEYS.map(([key]) => known.get(key)).find(Boolean) ?? "");
    });
  }
  read("applicationInfo.theme", (theme) => setTheme(String(theme ?? "").toLowerCase()));
}

function nothing() {}
