import assert from 'node:assert/strict'

import { importCloudflare } from '../../src/config/import/cloudflare.ts'
import { attempt } from '../own-errors.ts'
import type { Target } from '../target.ts'

export const target: Target = {
  reads: "what Cloudflare's API tells of applications and their policies, for import",
  covers: [
    'config/import/cloudflare.ts',
    'config/import/cloudflare-policy.ts',
    'config/import/cloudflare-keys.ts',
  ],
  tokens: [
    '{"result":[{"name":"a","domain":"a.example.com","type":"ssh","policies":[{"decision":"allow","include":[{"email":{"email":"a@b.example"}}]}]}]}',
    '"destinations":[{"type":"public","uri":"a"}]',
    '"self_hosted_domains":["a"]',
    '"groups":{"result":[{"id":"g","include":[{"everyone":{}}]}]}',
    '"policies":["p"]',
    '"precedence":1',
    '"session_duration":"24h"',
    'null',
    '[]',
    '{}',
    '1e999',
    '"__proto__":{}',
    '"applications":[]',
  ],
  run(input) {
    const json = attempt((): unknown => JSON.parse(input.toString('utf8')), SyntaxError)
    if (json.code !== undefined) return 'no JSON'
    const { value: imported } = attempt(() => read(json.value), Unreadable)
    if (imported === undefined) return 'none'
    const hosts = imported.applications.map((entry) => entry['hostname'])
    assert.ok(hosts.every((host) => typeof host === 'string' && host.length > 0))
    for (const { message, application } of imported.leftOver)
      assert.ok(message.length > 0 && typeof application === 'string')
    // Default deny: what lets somebody in was written to let somebody in.
    const text = JSON.stringify(json.value)
    const allows = JSON.stringify(imported.applications).includes('"action":"allow"')
    if (allows) assert.match(text, /"allow"/)
    return `${hosts.length > 0 ? 'some' : 'empty'} ${imported.leftOver.length > 0 ? 'left over' : ''} ${allows ? 'allows' : ''}`
  },
}

class Unreadable extends Error {}

/** Says by a TypeError that a document is none; every other one is a bug. */
function read(document: unknown): ReturnType<typeof importCloudflare> {
  try {
    return importCloudflare(document)
  } catch (error) {
    const isSaid =
      error instanceof TypeError && /^(?:neither a list|there is no list)/.test(error.message)
    throw isSaid ? new Unreadable() : error
  }
}
