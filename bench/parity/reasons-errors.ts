/**
 * Why our refusal is geth's and anvil's is not, one reason a kind: each names geth's text as geth has
 * it, and fits nothing else. Where geth refuses and anvil answers, or the other way round, too.
 */
import type { Rule } from './reasons.ts'

const notLenient = (text: string): string =>
  `geth refuses with \`${text}\`; anvil reads such a value and answers`

/** Both refuse: `code text`. */
const bothRefuse: readonly Rule[] = [
  {
    reason: 'geth names the position: `missing value for required argument N` (-32602)',
    ours: /^-32602 missing value for required argument \d$/,
    anvil: /^-32602 (invalid length \d|invalid type: null|expected params sequence with length)/,
  },
  {
    reason: 'geth counts: `too many arguments, want at most N` (-32602)',
    ours: /^-32602 too many arguments, want at most \d$/,
    anvil: /^-32602 invalid (length|type)/,
  },
  {
    reason:
      'geth names the position and its hexutil fault: `invalid argument N: hex string "0x"`, `... hex number with leading zero digits`, `... hex string without 0x prefix`',
    ours: /^-32602 invalid argument \d: hex (string "0x"|number with leading zero digits|string without 0x prefix)$/,
    anvil: /^-32602 /,
  },
  {
    reason:
      'geth repeats encoding/json: `invalid argument N: json: cannot unmarshal ... into Go value of type T`',
    ours: /^-32602 invalid argument \d: json: cannot unmarshal (non-string|string|number|hex string without 0x prefix) into Go (value|struct field \w+\.\w+) of type [\w.]+$/,
    anvil: /^-32602 (invalid (type|value|string length)|odd number of digits)/,
  },
  {
    reason: 'geth measures: `hex string has length N, want M for common.Hash` (or common.Address)',
    ours: /^-32602 invalid argument \d: hex string has length \d+, want (64|40) for common\.(Hash|Address)$/,
    anvil: /^-32602 (invalid string length|odd number of digits)$/,
  },
  {
    reason:
      'geth of an object that is no block: `invalid arguments; neither block nor hash specified`',
    ours: /^-32602 invalid argument 0: invalid arguments; neither block nor hash specified$/,
    anvil: /^-32602 Expected `blockNumber` or `blockHash`/,
  },
  {
    reason:
      'geth decodes raw transactions with the pool’s code -32000: `typed transaction too short`, `rlp: too few elements for types.LegacyTx`, `transaction type not supported`; anvil has one text and -32602',
    methods: ['eth_sendRawTransaction'],
    ours: /^-32000 (typed transaction too short|rlp: too few elements for types\.LegacyTx|transaction type not supported)$/,
    anvil: /^-32602 (Failed to decode transaction|Empty transaction data)$/,
  },
  {
    reason: 'geth of a state to come: `header not found` (-32000)',
    ours: /^-32000 header not found$/,
    anvil: /^-32602 BlockOutOfRangeError: /,
  },
  {
    reason: 'geth of a state by an unknown hash: `header for hash not found` (-32000)',
    ours: /^-32000 header for hash not found$/,
    anvil: /^-32001 Resource not found$/,
  },
  {
    reason: 'geth of a slot that is not hex: `invalid hex in storage key: "..."` (-32602)',
    methods: ['eth_getStorageAt'],
    ours: /^-32602 invalid hex in storage key: "0xzz"$/,
    anvil: /^-32602 invalid value: string "0xzz"/,
  },
  {
    reason:
      'geth of a caller without the money: `err: insufficient funds for gas * price + value: address A have H want W (supplied gas G)` (-32000)',
    methods: ['eth_call'],
    ours: /^-32000 err: insufficient funds for gas \* price \+ value: address 0x[0-9a-fA-F]{40} have \d+ want \d+ \(supplied gas \d+\)$/,
    anvil: /^-32003 Insufficient funds for gas \* price \+ value$/,
  },
  {
    reason: 'geth of an opcode that is none: `invalid opcode: INVALID` (-32000)',
    methods: ['eth_call', 'eth_estimateGas'],
    ours: /^-32000 invalid opcode: INVALID$/,
    anvil: /^-32603 EVM error InvalidFEOpcode$/,
  },
  {
    reason:
      'geth of too little gas to begin: `err: intrinsic gas too low: have 1, want 21000 (supplied gas 1)`',
    methods: ['eth_call'],
    ours: /^-32000 err: intrinsic gas too low: have 1, want 21000 \(supplied gas 1\)$/,
    anvil: /^-32000 intrinsic gas too high -- CallGasCostMoreThanGasLimit$/,
  },
  {
    reason: 'geth of a tip above the cap: `maxFeePerGas (F) < maxPriorityFeePerGas (T)` (-32000)',
    methods: ['eth_call'],
    ours: /^-32000 maxFeePerGas \(\d+\) < maxPriorityFeePerGas \(\d+\)$/,
    anvil: /^-32602 Invalid input: `max_priority_fee_per_gas` greater than `max_fee_per_gas`$/,
  },
  {
    reason:
      'geth leaves a custom error bare, `execution reverted` with the bytes as data (code 3); anvil writes them into the text too',
    methods: ['eth_call', 'eth_estimateGas'],
    ours: /^3 execution reverted$/,
    anvil: /^3 execution reverted: custom error 0x[0-9a-f]{8}/,
  },
  {
    reason:
      'geth names panics in its own words: `execution reverted: assert(false)`, `execution reverted: division or modulo by zero`',
    methods: ['eth_call', 'eth_estimateGas'],
    ours: /^3 execution reverted: (assert\(false\)|division or modulo by zero)$/,
    anvil: /^3 execution reverted: panic: /,
  },
  {
    reason: 'geth of an estimate above what is allowed: `gas required exceeds allowance (N)`',
    methods: ['eth_estimateGas'],
    ours: /^-32000 gas required exceeds allowance \(\d+\)$/,
    anvil: /^-32003 Out of gas: gas required exceeds allowance: \d+$/,
  },
  {
    reason:
      "geth of an override of all slots and of some: `account A has both 'state' and 'stateDiff'`",
    methods: ['eth_call'],
    ours: /^-32000 account 0x[0-9a-fA-F]{40} has both 'state' and 'stateDiff'$/,
    anvil: /^-32602 State override error: /,
  },
  {
    reason: 'geth of a range beyond the head: `invalid block range params` (-32602)',
    methods: ['eth_getLogs'],
    ours: /^-32602 invalid block range params$/,
    anvil: /^-32602 BlockOutOfRangeError: /,
  },
  {
    reason:
      'geth of a filter: `cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other`, `invalid address: hex has invalid length N after decoding; expected 20 for address`, `hex has invalid length N after decoding; expected 32 for topic`',
    methods: ['eth_getLogs'],
    ours: /^-32602 invalid argument 0: (cannot specify both BlockHash and FromBlock\/ToBlock, choose one or the other|(invalid address: )?hex has invalid length \d+ after decoding; expected (20 for address|32 for topic))$/,
    anvil: /^-32602 (cannot specify both blockHash|Invalid variadic value)/,
  },
  {
    reason:
      'Ours has no JavaScript tracers, and says what geth says where none is linked: `tracer not found: NAME`; geth and anvil take the name for JavaScript',
    methods: ['debug_traceTransaction'],
    ours: /^-32000 tracer not found: noSuchTracer$/,
    anvil: /ReferenceError: noSuchTracer is not defined/,
  },
  {
    reason: 'geth of a block that cannot be traced: `block #N not found`, `block 0x... not found`',
    methods: ['debug_traceBlockByNumber', 'debug_traceBlockByHash', 'debug_traceCall'],
    ours: /^-32000 block (#\d+|0x[0-9a-f]{64}) not found$/,
    anvil: /^-32(001 Resource not found|602 BlockOutOfRangeError: .*)$/,
  },
  {
    reason: 'geth: `the method X does not exist/is not available` (-32601)',
    methods: ['eth_noSuchMethod'],
    ours: /^-32601 the method eth_noSuchMethod does not exist\/is not available$/,
    anvil: /^-32601 Method not found$/,
  },
  {
    reason: 'Parity’s method, which anvil 1.7.1 does not serve: `transaction not found`',
    methods: ['trace_replayTransaction'],
    ours: /^-32000 transaction not found$/,
    anvil: /^-32601 Method not found$/,
  },
  {
    reason:
      'Defect, of speed: geth has the same limit with the same text, `execution aborted (timeout = 5s)` (--rpc.evmtimeout), but runs 50 M gas of a tight loop within it and then says `out of gas` (eth_estimateGas: `gas required exceeds allowance (N)`); our engine, 10 to 26 times slower than a compiled one (notes/execution.md), does not get there in 5 s on a busy machine',
    methods: ['eth_call', 'eth_estimateGas'],
    ours: /^-32000 execution aborted \(timeout = 5s\)$/,
    anvil: /OutOfGas|Out of gas/,
  },
  {
    reason: 'geth of a call whose gas is gone: `out of gas` (-32000)',
    methods: ['eth_call'],
    ours: /^-32000 out of gas$/,
    anvil: /^-32603 EVM error OutOfGas$/,
  },
]

/** geth refuses, anvil answers. */
const weRefuse: readonly Rule[] = [
  {
    reason: notLenient('invalid argument N: hex number with leading zero digits'),
    path: /^answer$/,
    ours: /^-32602 invalid argument 0: hex number with leading zero digits$/,
  },
  {
    reason: notLenient('invalid argument N: hex string without 0x prefix'),
    path: /^answer$/,
    ours: /^-32602 invalid argument 0: hex string without 0x prefix$/,
  },
  {
    reason: notLenient(
      'invalid argument 1: json: cannot unmarshal non-string into Go value of type hexutil.Uint',
    ),
    methods: ['eth_getTransactionByBlockNumberAndIndex'],
    path: /^answer$/,
    ours: /^-32602 invalid argument 1: json: cannot unmarshal non-string into Go value of type hexutil\.Uint$/,
  },
  {
    reason: notLenient('both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified'),
    methods: ['eth_call', 'eth_estimateGas'],
    path: /^answer$/,
    ours: /^-32000 both gasPrice and \(maxFeePerGas or maxPriorityFeePerGas\) specified$/,
  },
  {
    reason:
      'geth checks the fee a call names: `max fee per gas less than block base fee: address A, maxFeePerGas: F, baseFee: B`; anvil runs it',
    methods: ['eth_call', 'eth_estimateGas'],
    path: /^answer$/,
    ours: /^-32000 (err: )?max fee per gas less than block base fee: address 0x[0-9a-fA-F]{40}, maxFeePerGas: \d+, baseFee: \d+( \(supplied gas \d+\))?$/,
    anvil: /^"0x(5208)?"$/,
  },
  {
    reason: notLenient('maxFeePerGas (F) < maxPriorityFeePerGas (T)'),
    methods: ['eth_estimateGas'],
    path: /^answer$/,
    ours: /^-32000 maxFeePerGas \(\d+\) < maxPriorityFeePerGas \(\d+\)$/,
  },
  {
    reason:
      'geth asks whether the sender has the value it sends: `insufficient funds for gas * price + value: address A have H want W`; anvil estimates all the same',
    methods: ['eth_estimateGas'],
    path: /^answer$/,
    ours: /^-32000 insufficient funds for gas \* price \+ value: address 0x[0-9a-fA-F]{40} have \d+ want \d+$/,
    anvil: /^"0x5208"$/,
  },
  {
    reason: 'geth: `empty input` (-32602) where there is no block to simulate; anvil answers []',
    methods: ['eth_simulateV1'],
    path: /^answer$/,
    ours: /^-32602 empty input$/,
    anvil: /^\[\]$/,
  },
  {
    reason: 'geth: `block numbers must be in order: N <= M` (-38020); anvil simulates the past',
    methods: ['eth_simulateV1'],
    path: /^answer$/,
    ours: /^-38020 block numbers must be in order: \d+ <= \d+$/,
  },
  {
    reason: 'geth: `invalid block range params` (-32602) where from is above to; anvil answers []',
    methods: ['eth_getLogs'],
    path: /^answer$/,
    ours: /^-32602 invalid block range params$/,
    anvil: /^\[\]$/,
  },
  {
    reason: 'geth: `time: invalid duration "soon"`; anvil does not look at it',
    methods: ['debug_traceTransaction'],
    path: /^answer$/,
    ours: /^-32000 time: invalid duration "soon"$/,
  },
  {
    reason: 'geth: `transaction not found`; anvil answers an empty trace',
    methods: ['debug_traceTransaction'],
    path: /^answer$/,
    ours: /^-32000 transaction not found$/,
    anvil: /"structLogs":\[\]/,
  },
  {
    reason: 'geth: `genesis is not traceable`; anvil answers []',
    methods: ['debug_traceBlockByNumber'],
    path: /^answer$/,
    ours: /^-32000 genesis is not traceable$/,
    anvil: /^\[\]$/,
  },
  {
    reason: 'geth: `invalid reward percentile: 101.000000`; anvil answers',
    methods: ['eth_feeHistory'],
    path: /^answer$/,
    ours: /^-32000 invalid reward percentile: 101\.000000$/,
  },
]

/** geth answers, anvil refuses. */
const anvilRefuses: readonly Rule[] = [
  {
    reason: 'geth answers null for a block that is not there; anvil refuses',
    methods: [
      'eth_getBlockTransactionCountByNumber',
      'eth_getUncleCountByBlockNumber',
      'eth_getUncleByBlockNumberAndIndex',
    ],
    path: /^answer$/,
    ours: /^null$/,
    anvil: /^-32(602 BlockOutOfRangeError: .*|001 Resource not found)$/,
  },
  {
    reason: 'geth (Parity for trace_) serves the method and so do we; anvil 1.7.1 does not',
    methods: ['eth_getHeaderByNumber', 'trace_replayTransaction'],
    path: /^answer$/,
    anvil: /^-32601 Method not found$/,
  },
  {
    reason: 'geth takes a slot of an odd number of digits (`0x0`); anvil does not',
    methods: ['eth_getProof'],
    path: /^answer$/,
    ours: /^\{"address":/,
    anvil: /^-32602 odd number of digits$/,
  },
  {
    reason:
      'geth answers the list of a call that reverts, with `"error":"execution reverted"` in it; anvil refuses',
    methods: ['eth_createAccessList'],
    path: /^answer$/,
    ours: /^\{"accessList":\[\],"error":"execution reverted"/,
    anvil: /^3 execution reverted$/,
  },
]

export const errorRules: readonly Rule[] = [
  ...bothRefuse.map((rule) => ({ path: /^\.error$/, ...rule })),
  ...weRefuse,
  ...anvilRefuses,
]
