import assert from 'node:assert/strict'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { exportConnections } from '../../src/desktop/connections/exchange/export-connections.ts'
import { parseExchange } from '../../src/desktop/connections/exchange/parse-exchange.ts'
import { planImport } from '../../src/desktop/connections/exchange/plan-import.ts'

// Each NAME.json.txt is what another program exported, byte for byte (so that no formatter touches it), and must be
// taken over as NAME.txt says. `UPDATE_GOLDEN=1` writes what came out: read the difference before committing it.
//
// pomerium-cli-export: `Export` of the real `pomerium-cli api` (cli 7129f97), pretty, of records that its `Upsert` took. The
// one private key is none: a key would not belong here.
const golden = join(import.meta.dirname, 'connections')
const inputs = (await readdir(golden)).filter((name) => name.endsWith('.json.txt'))

test('there are exports to read', () => {
  assert.ok(inputs.length > 0)
})

describe('what another program exported', () => {
  for (const input of inputs) {
    test(`${input} is taken over`, async () => {
      const text = await readFile(join(golden, input), 'utf8')
      const parsed = await parseExchange(input, text)
      const { answer, add } = planImport([], parsed, 'keep')
      const saved = add.map((settings, index) => ({ ...settings, id: `c-${index}` }))
      const options = { format: 'postern', tags: true, keys: false } as const
      const { text: yaml, left_out } = exportConnections(saved, options, new Map())
      const out = `${JSON.stringify({ ...answer, left_out }, undefined, 2)}\n---\n${yaml}`
      const path = join(golden, input.replace('.json.txt', '.txt'))
      if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(path, out)
      assert.equal(out, await readFile(path, 'utf8'))
    })
  }
})

// The others have what is theirs alone: what a certificate says in words, a protocol or a name that nobody gave, flags that
// say what is so anyway, a port without a host.
test('what nobody has to add to is exported byte for byte as the real pomerium-cli does', async () => {
  const text = await readFile(join(golden, 'pomerium-cli-export.json.txt'), 'utf8')
  const { connections } = await parseExchange('', text)
  const saved = connections.map(({ settings }, index) => ({ ...settings, id: `c-${index}` }))
  const options = { format: 'pomerium', tags: true, keys: true } as const
  const ours = exportConnections(saved, options, new Map()).text
  const same = ours.split(/,?\n {4}(?=\{)/).filter((part) => text.includes(part.trimEnd()))
  assert.deepEqual(
    same.map((part) => /"(?:name|@type)": "(.*)"/.exec(part)?.[1]),
    [
      'type.googleapis.com/pomerium.cli.Records',
      'orders db',
      'dns',
      'reports \\"<b>\\" & more, größer',
      'from the store',
    ],
  )
})
