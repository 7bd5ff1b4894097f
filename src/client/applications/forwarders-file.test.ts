import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConfigError } from '../../errors.ts'
import { parseForwardersFile } from './forwarders-file.ts'

const surroundings = { readCredential: () => Promise.resolve(undefined) }

function read(content: string) {
  return parseForwardersFile('f.yaml', content, surroundings)
}

async function problemsOf(content: string): Promise<string[]> {
  const error = await read(content).then(
    () => undefined,
    (cause: unknown) => cause,
  )
  assert.ok(error instanceof ConfigError, String(error))
  return error.problems.map(({ line, path, message }) => `${line} ${path}: ${message}`)
}

describe('a file of forwarders', () => {
  test("has cloudflared's keys, and keeps whatever its connector has beside them", async () => {
    const { forwarders, hasSecrets } = await parseForwardersFile(
      'f.yaml',
      `
tunnel: other
logDirectory: /var/log
forwarders:
  - url: https://db.site.com
    listener: 127.0.0.1:5432
    serviceTokenID: ci
    serviceTokenSecret: s3cret
    destination: 10.0.0.5:22
  - {url: cache.site.com, listener: "localhost:6379", gateway: "https://gw.site.com"}
`,
      {
        gateway: 'https://common.site.com',
        readCredential: ({ serviceTokenID }) => Promise.resolve(serviceTokenID && 'ci:s3cret'),
      },
    )
    assert.equal(hasSecrets, true)
    assert.deepEqual(
      forwarders.map(({ destination, written, fields, credential }) => [
        destination.authority,
        destination.gateway.origin,
        written,
        fields,
        credential,
      ]),
      [
        [
          'db.site.com:443',
          'https://common.site.com',
          '127.0.0.1:5432',
          { 'cf-access-jump-destination': '10.0.0.5:22' },
          'ci:s3cret',
        ],
        ['cache.site.com:443', 'https://gw.site.com', 'localhost:6379', {}, undefined],
      ],
    )
  })

  test('is wrong at every place that is wrong, at once', async () => {
    const content = `forwarders:
  - {url: a.site.com/x, listener: "localhost:1"}
  - {url: b.site.com, listener: "localhost"}
  - {url: c.site.com, listener: "localhost:1", destination: nowhere}
`
    assert.deepEqual(
      (await problemsOf(content)).map((text) => text.replace(/:.*/s, '')),
      [
        '4 forwarders[2].listener',
        '2 forwarders[0].url',
        '3 forwarders[1].listener',
        '4 forwarders[2].destination',
      ],
    )
  })

  test('that is half written is none, rather than one without forwarders', async () => {
    for (const content of ['', '# nothing yet\n', 'forwarders:\n', 'forwarders: []\n', 'forw']) {
      assert.equal((await problemsOf(content)).length, 1, content)
    }
  })

  test('two forwarders may both have a port that the system chooses', async () => {
    const content = `forwarders:
  - {url: a.site.com, listener: "localhost:0"}
  - {url: b.site.com, listener: "localhost:0"}
`
    assert.equal((await read(content)).forwarders.length, 2)
  })
})
