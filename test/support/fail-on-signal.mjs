// Loaded with `node --import`: SIGUSR2 causes an uncaught error that contains a statement and an address, as a driver's may.
const error = Object.assign(new Error("Failed query: select canary from emails"), {
  code: "XX000",
  query: "select canary from emails",
  parameters: ["canary@example.com"],
});

process.on("SIGUSR2", () => {
  if (process.env.UNCAUGHT === "rejection") Promise.reject(error);
  else throw error;
});
