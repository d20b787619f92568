/** The table of differences in Markdown, those with one reason together. */
import type { Row } from './run.ts'

export function report(total: number, same: number, rows: readonly Row[]): string {
  const byReason = new Map<string, Row[]>()
  for (const row of rows) {
    const reason = row.reason ?? 'Defect: no reason is known.'
    byReason.set(reason, [...(byReason.get(reason) ?? []), row])
  }
  const sections = Array.from(byReason, ([reason, list]) => section(reason, list))
  return `# Side by side with anvil

The same ${total} calls to our devnet and to anvil 1.7.1 (\`--hardfork osaka\`) over the same signed
transactions, by \`npm run bench:parity\`. ${same} answers are the same but for what depends on the clock;
the others are below, with the reason. "absent" means that the field is not there; an error is shown as
its code and text, and "answer" stands where one side refuses and the other does not.

${sections.join('\n')}`
}

function section(reason: string, rows: readonly Row[]): string {
  const lines = rows.slice(0, 12).map(({ call, difference }) => {
    const params = JSON.stringify(call.params).slice(0, 90)
    const { path, ours, anvil } = difference
    return `| \`${call.method}\` | \`${cell(params)}\` | \`${cell(path)}\` | \`${cell(ours)}\` | \`${cell(anvil)}\` |`
  })
  const more = rows.length > 12 ? `\nand ${rows.length - 12} more.\n` : ''
  return `## ${reason}

| method | parameters | where | ours | anvil |
|---|---|---|---|---|
${lines.join('\n')}
${more}`
}

const cell = (whole: string): string => {
  const text = whole.length > maxCell ? `${whole.slice(0, maxCell)}...` : whole
  return text.replaceAll('|', '\\|').replaceAll('`', "'")
}
/** Characters: a table stays one to read. */
const maxCell = 90
