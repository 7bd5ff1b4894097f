import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commands } from './command-list.ts'
import { suggest } from './completion/suggest.ts'

const names = {
  gateways: async () => [
    { value: 'work', text: 'https://gateway.example.com' },
    { value: 'lab', text: 'https://lab.example.net' },
  ],
  routes: async () => [{ value: 'db', text: 'tcp+https://db.example.com:5432' }],
}

/** What may stand at the end of a command line, which has no quotes. */
async function at(line: string): Promise<string[] | 'files' | 'directories'> {
  const words = line.split(' ')
  const { kind, words: found } = await suggest(
    commands,
    words.slice(0, -1),
    words.at(-1) ?? '',
    names,
  )
  return kind === 'words' ? found.map(({ value }) => value) : kind
}

test('commands are completed, and those within them', async () => {
  assert.deepEqual(await at('tc'), ['tcp'])
  assert.deepEqual(await at('gateway ke'), ['keys'])
  assert.deepEqual(await at('gateway keys ro'), ['rotate'])
  assert.deepEqual(await at('nothing '), [])
  assert.deepEqual(await at('tcp db:1 tc'), [])
})

test('what is hidden is not offered', async () => {
  const options = await at('tcp --')
  assert.ok(options.includes('--gateway') && options.includes('--help'))
  assert.ok(!options.includes('--pomerium-url'))
  assert.ok(!(await at('completion ')).includes('words'))
})

test('options are those of the command, and over after "--"', async () => {
  assert.deepEqual(await at('--ver'), ['--version'])
  assert.deepEqual(await at('tcp --transp'), ['--transport'])
  assert.deepEqual(await at('tcp -- --transp'), [])
})

test('known values are completed, of options in both forms and of arguments', async () => {
  assert.deepEqual(await at('tcp --transport w'), ['websocket'])
  assert.deepEqual(await at('tcp --transport=w'), ['--transport=websocket'])
  assert.deepEqual(await at('completion f'), ['fish'])
  assert.deepEqual(await at('gateway keys rotate ssh'), ['ssh-ca'])
})

test('an option takes one word, and the command goes on behind it', async () => {
  assert.deepEqual(await at('tcp --gateway tcp --transp'), ['--transport'])
  assert.deepEqual(await at('tcp --gateway --transp'), [])
})

test('where a file or a directory is wanted, the shell knows better', async () => {
  assert.equal(await at('tcp --ca-file '), 'files')
  assert.equal(await at('policy test '), 'files')
  assert.equal(await at('gateway keys list --state-directory '), 'directories')
})

test('gateways and routes are completed by the names that this machine knows', async () => {
  assert.deepEqual(await at('tcp --gateway w'), ['work'])
  assert.deepEqual(await at('tcp --gateway=l'), ['--gateway=lab'])
  assert.deepEqual(await at('routes list '), ['work', 'lab'])
  assert.deepEqual(await at('tcp d'), ['db'])
  assert.deepEqual(await at('connect '), ['db'])
})
