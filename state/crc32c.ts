/**
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4), the checksum of log records. Finds accidents, not
 * attackers.
 */

/** The polynomial 0x1edc6f41 with its bits reversed. */
const polynomial = 0x82f63b78

const shift = (value: number): number => (value & 1 ? (value >>> 1) ^ polynomial : value >>> 1)
const first = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = shift(value)
  return value
})
/** What a byte does to the sum when so many zeros follow: four are looked up at once (slicing-by-4). */
const after = (table: Int32Array): Int32Array =>
  table.map((value) => (value >>> 8) ^ (first[value & 0xff] ?? 0))
const second = after(first)
const third = after(second)
const fourth = after(third)

/** Of the bytes from `start` to `end`. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = -1
  let at = start
  for (; at + 4 <= end; at += 4) {
    const word =
      crc ^
      ((bytes[at] ?? 0) |
        ((bytes[at + 1] ?? 0) << 8) |
        ((bytes[at + 2] ?? 0) << 16) |
        ((bytes[at + 3] ?? 0) << 24))
    crc =
      (fourth[word & 0xff] ?? 0) ^
      (third[(word >>> 8) & 0xff] ?? 0) ^
      (second[(word >>> 16) & 0xff] ?? 0) ^
      (first[word >>> 24] ?? 0)
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ (first[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0)
  return (crc ^ -1) >>> 0
}
