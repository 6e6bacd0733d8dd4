// For `node --import`: SIGUSR2 makes the program meet an error that nobody catches, with what a driver's carries.
const error = Object.assign(new Error("Failed query: select canary from emails"), {
  code: "XX000",
  query: "select canary from emails",
  parameters: ["canary@example.com"],
});

process.on("SIGUSR2", () => {
  if (process.env.UNCAUGHT === "rejection") Promise.reject(error);
  else throw error;
});
