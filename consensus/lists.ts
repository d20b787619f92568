/** Lists are values here: who changes one makes another. */

/** The list with one item changed; quicker than `Array.prototype.with`, and votes are counted all day. */
export function replaceAt<item>(list: readonly item[], at: number, item: item): readonly item[] {
  const copy = list.slice()
  copy[at] = item
  return copy
}
