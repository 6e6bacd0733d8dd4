// Faults of postgres.js that answer a query with what is not its own, or never. docs/decisions/driver-repairs.md says what
// was measured; test/db/driver.test.ts fails without them.
const CONNECTION = ["src/connection.js", "cjs/src/connection.js"];
const INDEX = ["src/index.js", "cjs/src/index.js"];

export const postgres = {
  name: "postgres",
  version: "3.4.9",
  repairs: [
    {
      files: CONNECTION,
      // A query that was cancelled while it waited behind another was dropped from the list, but the server still answers
      // it: every later query of the connection then got its neighbour's rows.
      broken: `while (sent.length && (query = sent.shift()) && (query.active = true, query.cancelled))
      Connection(options).cancel(query.state, query.cancelled.resolve, query.cancelled.reject)`,
      repaired: `if (sent.length) {
      query = sent.shift()
      query.active = true
      query.cancelled && Connection(options).cancel(query.state, query.cancelled.resolve, query.cancelled.reject)
    }`,
    },
    {
      files: CONNECTION,
      // After an error in the middle of a result the row counter stayed, and the next result began with as many holes
      // (porsager/postgres#1181).
      broken: `query = results = errorResponse = null
    result = new Result()
    connectTimer.cancel()`,
      repaired: `query = results = errorResponse = null
    result = new Result()
    rows = 0
    connectTimer.cancel()`,
    },
    {
      files: CONNECTION,
      // A statement that is tried again, since its cached plan was outdated, had its parameters encoded twice: \`true\` became
      // 't', which is not true, hence 'f'.
      broken: `type = types[i]
      parameters[i] = x = type in options.serializers`,
      repaired: `type = types[i]
      x = type in options.serializers`,
    },
    {
      files: CONNECTION,
      // What was to be written when the connection closed stayed behind, with a timer that had been cleared: the next
      // connection never wrote its first word, and no query went through it any more.
      broken: `clearImmediate(nextWriteTimer)
    socket.removeListener('data', data)
    socket.removeListener('connect', connected)
    idleTimer.cancel()`,
      repaired: `clearImmediate(nextWriteTimer)
    chunk = nextWriteTimer = null
    socket.removeListener('data', data)
    socket.removeListener('connect', connected)
    idleTimer.cancel()`,
    },
    {
      files: CONNECTION,
      // A query that was taken between a connection's error and its close was neither answered nor failed.
      broken: "!hadError && (query || sent.length) && error(",
      repaired: "if (query || sent.length) error(",
    },
    {
      // The last, so that it stands for all of them: without it the server refuses to start (src/server/start-database.ts).
      files: INDEX,
      broken: `Object.assign(Postgres, {
  PostgresError,`,
      repaired: `Object.assign(Postgres, {
  isRepaired: true,
  PostgresError,`,
    },
  ],
};
