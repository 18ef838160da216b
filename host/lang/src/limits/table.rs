//! The table of limits: one row each. Whatever else knows of a limit is made from its row: the
//! typed structs, the keys in YAML, the `--limit` flags, the schema, the pages.
//!
//! A row needs three things besides itself: code that enforces it where it says so, a kind of
//! failure, and its arm in the limits-bite test of the sandbox, which does not compile without one.
//!
//! A row reads: the variant, the name people write, the field of [`Limits`] and, behind the comma,
//! that of the group's own struct. Names without a prefix bound a whole, a run or a step with all it
//! holds; their `call_` namesakes bound each call in it.

use std::time::Duration;

use super::row::table;

table! {
    whole {
        /// Instructions, about. Counted exactly, and the same on every machine.
        Fuel fuel (fuel, fuel: u64) {
            unit: Fuel, example: "2e9",
            strict: [10 e9], trusted: [1000 e9], most: [max], zero: false,
            by: "engine::ledger", ends: Call("limit.fuel"),
        }
        /// Wall-clock time. Of a run it stands still while the run only waits for a time or an answer;
        /// of a step that calls, it is the time of each of its calls.
        Wall wall (wall, wall: Duration) {
            unit: Time, example: "30s",
            strict: [2 m], trusted: [1 h], most: [max], zero: false,
            by: "engine::limits", ends: Call("limit.deadline"),
        }
        /// Money: fuel at the operator's price, and what host services cost.
        Cost cost_usd (cost_nano, cost_nano: u64) {
            unit: Money, example: "0.05",
            strict: [none], trusted: [none], most: [max], zero: true,
            by: "engine::ledger", ends: Call("limit.cost"),
        }
        /// Linear memory of all live calls together.
        Memory memory (memory_bytes, memory_bytes: u64) {
            unit: Bytes, example: "64MiB",
            strict: [512 MiB], trusted: [4 GiB], most: [max], zero: false,
            by: "engine::invoke::MemoryMeter", ends: Call("limit.memory"),
        }
        /// Bytes sent and received over the network, headers and bodies of all calls together.
        NetBytes net_bytes (net_bytes, net_bytes: u64) {
            unit: Bytes, example: "64MiB",
            strict: [256 MiB], trusted: [4 GiB], most: [max], zero: true,
            by: "engine::ledger", ends: Call("limit.net-bytes"),
        }
        /// Tokens of language models, those of prompts and answers together. A prompt counts as many as
        /// it has bytes until the provider says how many it were.
        Tokens tokens (tokens, tokens: u64) {
            unit: Count, example: "50000",
            strict: [200000], trusted: [10000000], most: [max], zero: true,
            by: "engine::ledger", ends: Call("limit.tokens"),
        }
        /// Tries after the first, of all steps together.
        Retries retries (retries, retries: u64) {
            unit: Count, example: "100",
            strict: [10000], trusted: [100000], most: [max], zero: true,
            by: "engine::ledger", ends: Call("limit.retries"),
        }
    }
    call {
        /// Fuel of one call. Where a step says `fuel` and nothing says `call_fuel`, a call of it may
        /// take all of that.
        CallFuel call_fuel (call_fuel, fuel: u64) {
            unit: Fuel, example: "2e9",
            strict: [2 e9], trusted: [20 e9], most: [max], zero: false,
            by: "sandbox::run", ends: Call("limit.fuel"),
        }
        /// Wall-clock time of one call, from its instance to its result.
        CallWall call_wall (call_wall, wall: Duration) {
            unit: Time, example: "5s",
            strict: [10 s], trusted: [1 m], most: [max], zero: false,
            by: "sandbox::run", ends: Call("limit.deadline"),
        }
        /// Linear memory of one call, all its memories together. Where a step or pipeline says `memory`
        /// and nothing says `call_memory`, a call may take all of that.
        CallMemory call_memory (call_memory, memory_bytes: u64) {
            unit: Bytes, example: "64MiB",
            strict: [64 MiB], trusted: [512 MiB], most: [max], zero: false,
            by: "sandbox::limiter", ends: Call("limit.memory"),
        }
        /// Elements of all tables of a call together.
        TableElements table_elements (table_elements, table_elements: u64) {
            unit: Count, example: "100000",
            strict: [100000], trusted: [1000000], most: [32000000], zero: false,
            by: "sandbox::limiter", ends: Call("limit.table"),
        }
        /// Core instances of a call.
        Instances instances (instances, instances: u64) {
            unit: Count, example: "100",
            strict: [100], trusted: [100], most: [200], zero: false,
            by: "sandbox::limiter", ends: Call("limit.instances"),
        }
        /// Linear memories of a call.
        Memories memories (memories, memories: u64) {
            unit: Count, example: "16",
            strict: [16], trusted: [16], most: [16], zero: true,
            by: "sandbox::limiter", ends: Call("limit.instances"),
        }
        /// Tables of a call.
        Tables tables (tables, tables: u64) {
            unit: Count, example: "32",
            strict: [32], trusted: [32], most: [32], zero: true,
            by: "sandbox::limiter", ends: Call("limit.instances"),
        }
        /// Live handles of a call: the component model's own, and those of host resources.
        Handles handles (handles, handles: u64) {
            unit: Count, example: "1000",
            strict: [1000], trusted: [10000], most: [1000000], zero: true,
            by: "sandbox::run", ends: Call("limit.handles"),
        }
        /// Bytes a guest hands to the host at once: in one host call, or in its result. Of a result
        /// that is more than one text or number eight times as much, counted as the host keeps it.
        HostcallBytes hostcall_bytes (hostcall_bytes, hostcall_bytes: u64) {
            unit: Bytes, example: "4MiB",
            strict: [4 MiB], trusted: [64 MiB], most: [1 GiB], zero: false,
            by: "sandbox::run", ends: Call("limit.hostcall-bytes"),
        }
        /// Bytes of a result as JSON.
        OutputBytes output_bytes (output_bytes, output_bytes: u64) {
            unit: Bytes, example: "1MiB",
            strict: [4 MiB], trusted: [16 MiB], most: [1 GiB], zero: false,
            by: "sandbox::values", ends: Call("limit.output"),
        }
        /// How deep lists and objects of a result lie in each other.
        OutputDepth output_depth (output_depth, output_depth: u64) {
            unit: Count, example: "16",
            strict: [64], trusted: [100], most: [100], zero: true,
            by: "sandbox::values", ends: Call("limit.output"),
        }
        /// Bytes of all log lines of a call, and one for each line.
        LogBytes log_bytes (log_bytes, log_bytes: u64) {
            unit: Bytes, example: "64KiB",
            strict: [256 KiB], trusted: [4 MiB], most: [1 GiB], zero: true,
            by: "sandbox::capabilities::log", ends: Call("limit.log"),
        }
        /// Log lines for each second that a call has begun. One that logs no more than that in all is
        /// never timed, and so ends the same on every machine.
        LogRate log_rate (log_rate, log_rate: u64) {
            unit: PerSecond, example: "100",
            strict: [1000], trusted: [10000], most: [1000000], zero: true,
            by: "sandbox::capabilities::log", ends: Call("limit.log"),
        }
        /// Random bytes a call is given.
        RandomBytes random_bytes (random_bytes, random_bytes: u64) {
            unit: Bytes, example: "1KiB",
            strict: [64 KiB], trusted: [1 MiB], most: [64 MiB], zero: true,
            by: "sandbox::capabilities::random", ends: Call("limit.random"),
        }
        /// Requests of a call.
        NetRequests net_requests (net_requests, net_requests: u64) {
            unit: Count, example: "10",
            strict: [32], trusted: [1000], most: [1000000], zero: true,
            by: "sandbox::capabilities::http", ends: Call("limit.net-concurrency"),
        }
        /// Requests of a call that are open at the same time.
        NetConcurrency net_concurrency (net_concurrency, net_concurrency: u64) {
            unit: Count, example: "4",
            strict: [8], trusted: [32], most: [65536], zero: true,
            by: "sandbox::capabilities::http", ends: Call("limit.net-concurrency"),
        }
        /// Bytes a call sends and receives over the network. Where a step or pipeline says `net_bytes`
        /// and nothing says `call_net_bytes`, a call may take all of that.
        CallNetBytes call_net_bytes (call_net_bytes, net_bytes: u64) {
            unit: Bytes, example: "1MiB",
            strict: [16 MiB], trusted: [256 MiB], most: [max], zero: true,
            by: "sandbox::capabilities::http", ends: Call("limit.net-bytes"),
        }
        /// Tokens of language models in one call. Where a step or pipeline says `tokens` and nothing says
        /// `call_tokens`, a call may take all of that.
        CallTokens call_tokens (call_tokens, tokens: u64) {
            unit: Count, example: "8000",
            strict: [50000], trusted: [1000000], most: [max], zero: true,
            by: "sandbox::capabilities::services", ends: Call("limit.tokens"),
        }
        /// Money that host services may cost in one call: the tokens of language models.
        CallCost call_cost_usd (call_cost_nano, services_nano: u64) {
            unit: Money, example: "0.01",
            strict: [none], trusted: [none], most: [max], zero: true,
            by: "sandbox::capabilities::services", ends: Call("limit.cost"),
        }
        /// Bytes of all headers of one request or answer, and 72 for each header.
        NetHeaderBytes net_header_bytes (net_header_bytes, net_header_bytes: u64) {
            unit: Bytes, example: "8KiB",
            strict: [32 KiB], trusted: [128 KiB], most: [16 MiB], zero: true,
            by: "sandbox::capabilities::http", ends: Call("limit.net-bytes"),
        }
        /// Bytes a call writes into files; each time it writes counts as 4 KiB at least.
        DiskBytes disk_bytes (disk_bytes, disk_bytes: u64) {
            unit: Bytes, example: "1MiB",
            strict: [64 MiB], trusted: [1 GiB], most: [max], zero: true,
            by: "sandbox::capabilities::services", ends: Call("limit.disk"),
        }
        /// Bytes of all keys and values of a store that a call writes to.
        KvBytes kv_bytes (kv_bytes, kv_bytes: u64) {
            unit: Bytes, example: "1MiB",
            strict: [16 MiB], trusted: [256 MiB], most: [max], zero: true,
            by: "store::kv", ends: Call("limit.kv-bytes"),
        }
        /// Keys of a store that a call writes to.
        KvKeys kv_keys (kv_keys, kv_keys: u64) {
            unit: Count, example: "1000",
            strict: [10000], trusted: [1000000], most: [max], zero: true,
            by: "store::kv", ends: Call("limit.kv-keys"),
        }
        /// Rows of one answer of a database.
        SqlRows sql_rows (sql_rows, sql_rows: u64) {
            unit: Count, example: "100",
            strict: [1000], trusted: [100000], most: [1000000], zero: true,
            by: "engine::services::sql", ends: Call("limit.rows"),
        }
        /// Bytes of one answer of a database: of its texts and blobs, and 8 for each value.
        SqlBytes sql_bytes (sql_bytes, sql_bytes: u64) {
            unit: Bytes, example: "64KiB",
            strict: [1 MiB], trusted: [8 MiB], most: [16 MiB], zero: true,
            by: "engine::services::sql", ends: Call("limit.rows"),
        }
        /// The most time of one statement of a database, with the wait for its turn.
        SqlWall sql_wall (sql_wall, sql_wall: Duration) {
            unit: Time, example: "500ms",
            strict: [2 s], trusted: [30 s], most: [1 h], zero: false,
            by: "store::sql, ports::postgres", ends: Call("limit.statement"),
        }
        /// Tools that a call and the tools it calls may call, all together.
        ToolCalls tool_calls (tool_calls, tool_calls: u64) {
            unit: Count, example: "10",
            strict: [64], trusted: [1000], most: [100000], zero: true,
            by: "sandbox::capabilities::tools", ends: Call("limit.tool-calls"),
        }
        /// How deep tools call tools; one deep is a tool that calls none.
        ToolDepth tool_depth (tool_depth, tool_depth: u64) {
            unit: Count, example: "2",
            strict: [4], trusted: [8], most: [8], zero: true,
            by: "sandbox::capabilities::tools", ends: Call("limit.depth"),
        }
        /// Requests to one host that are open at the same time, those of everything in this process
        /// counted. A host is a scheme, a name and a port. A request waits for its turn within its own
        /// times. One that is bounded tighter than others gives way to them.
        HostConcurrency host_concurrency (host_concurrency, host_concurrency: u64) {
            unit: Count, example: "4",
            strict: [16], trusted: [64], most: [65536], zero: false,
            by: "ports::http::turns", ends: Request("connection-limit-reached"),
        }
        /// Requests to one host that begin within any one second, those of everything in this process
        /// counted. A request waits for its turn within its own times.
        HostRate host_rate (host_rate, host_rate: u64) {
            unit: PerSecond, example: "10",
            strict: [100], trusted: [1000], most: [10000], zero: false,
            by: "ports::http::turns", ends: Request("connection-limit-reached"),
        }
        /// The most time until a server is reached, with name and certificate. A guest may ask for less.
        NetConnect net_connect (net_connect, net_connect: Duration) {
            unit: Time, example: "2s",
            strict: [10 s], trusted: [10 s], most: [60 s], zero: false,
            by: "ports::http", ends: Request("connection-timeout"),
        }
        /// The most time from there to the head of the answer.
        NetFirstByte net_first_byte (net_first_byte, net_first_byte: Duration) {
            unit: Time, example: "10s",
            strict: [30 s], trusted: [1 m], most: [1 h], zero: false,
            by: "ports::http", ends: Request("connection-timeout"),
        }
        /// The most time between two pieces of an answer.
        NetBetweenBytes net_between_bytes (net_between_bytes, net_between_bytes: Duration) {
            unit: Time, example: "5s",
            strict: [30 s], trusted: [1 m], most: [1 h], zero: false,
            by: "ports::http", ends: Request("connection-timeout"),
        }
        /// The most time of a whole exchange.
        NetTotal net_total (net_total, net_total: Duration) {
            unit: Time, example: "20s",
            strict: [1 m], trusted: [5 m], most: [1 h], zero: false,
            by: "ports::http", ends: Request("connection-timeout"),
        }
    }
    shape {
        /// How deep pipelines run pipelines.
        Depth depth (depth, depth: u64) {
            unit: Count, example: "2",
            strict: [8], trusted: [8], most: [8], zero: true,
            by: "engine::kinds::pipeline", ends: Call("limit.depth"),
        }
        /// Items of one `map`, whatever its own `max` says.
        FanOut fan_out (fan_out, fan_out: u64) {
            unit: Count, example: "500",
            strict: [100000], trusted: [1000000], most: [1000000], zero: true,
            by: "engine::kinds::map", ends: Call("limit.fan-out"),
        }
    }
}
