import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { mustRun } from './child.ts'
import { peerTest, program } from './peers.ts'
import { startRedis } from './peers/redis.ts'
import { personAt } from './person.ts'
import { alice, route, startRig } from './rig.ts'
import type { Scope } from './scope.ts'

const target = 'redis.example.com:6379'
const pipelined = 100_000

describe('Redis through the gateway', () => {
  peerTest('redis-cli sets and gets', ['Redis'], async (scope) => {
    const redisCli = await startThrough(scope)
    assert.equal(await redisCli(['SET', 'greeting', 'hello through the gateway']), 'OK\n')
    assert.equal(await redisCli(['GET', 'greeting']), 'hello through the gateway\n')
  })

  peerTest(
    'redis-cli --pipe gets an answer to each of 100,000 commands',
    ['Redis'],
    async (scope) => {
      const redisCli = await startThrough(scope)
      const commands = Array.from({ length: pipelined }, (_, index) =>
        encodeCommand('SET', `key:${index}`, `value ${index}`),
      )
      const report = await redisCli(['--pipe'], commands.join(''))
      assert.match(report, new RegExp(`errors: 0, replies: ${pipelined}\n$`))
      assert.equal(await redisCli(['DBSIZE']), `${pipelined}\n`)
      assert.equal(await redisCli(['GET', `key:${pipelined - 1}`]), `value ${pipelined - 1}\n`)
    },
  )
})

/** The serialization protocol of Redis: https://redis.io/docs/latest/develop/reference/protocol-spec/ */
function encodeCommand(...words: string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  return `*${words.length}\r\n${parts.join('')}`
}

/** A function that runs `redis-cli` at a local port of `postern`. */
async function startThrough(
  scope: Scope,
): Promise<(args: readonly string[], input?: string) => Promise<string>> {
  const rig = await startRig(scope, [route(target, await startRedis(scope))])
  const person = await personAt(scope, rig, alice)
  const { port } = await person.listen(target)
  return async (args, input = '') => {
    const all = ['-h', '127.0.0.1', '-p', String(port), ...args]
    return (await mustRun(scope, program('redis-cli'), all, { ...person, input })).output
  }
}
