// Stands in for LivePerson's agent SDK on our own page for trying: keys that our page around it names.
{
  const values = {};
  const bound = [];

  window.lpTag = {
    agentSDK: {
      init() {},
      bind(path, changed) {
        bound.push({ path, changed });
      },
      get(path, found, failed) {
        if (path in values) found(values[path]);
        else failed();
      },
    },
  };

  window.addEventListener("message", ({ data, origin, source }) => {
    if (source !== window.parent || origin !== location.origin || data?.type !== "stand-in") return;
    for (const [path, newValue] of Object.entries(data)) {
      values[path] = newValue;
      for (const one of bound) {
        if (one.path === path) one.changed({ key: path, newValue });
      }
    }
  });
  if (window.parent !== window) window.parent.postMessage("stand-in:get", location.origin);
}
