/**
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4), the checksum of log records. Finds accidents, not
 * attackers.
 */

/** The polynomial 0x1edc6f41 with its bits reversed. */
const polynomial = 0x82f63b78

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1
  return value
})

/** Of the bytes from `start` on. */
export function crc32c(bytes: Uint8Array, start = 0): number {
  let crc = 0xffffffff
  for (let at = start; at < bytes.length; at++)
    crc = (crc >>> 8) ^ (table[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0)
  return (crc ^ 0xffffffff) >>> 0
}
