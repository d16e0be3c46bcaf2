// Nobody is signed in: as soon as somebody is, in the tab that the link opens, the window goes on.
new BroadcastChannel("proactive-widget").addEventListener("message", () => location.reload());
