import assert from 'node:assert/strict'
import { rename, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { describe } from 'node:test'
import { peerTest } from './peers.ts'
import { exchange, personAt, untilEnded } from './person.ts'
import { alice, bob, carol, route, startRig } from './rig.ts'
import { echo, startService } from './services.ts'

const target = 'echo.example.com:7'
/** Ten times what is promised: the machine may be busy. */
const maxCutMs = 10_000

describe('groups from a directory', () => {
  peerTest(
    'an edited directory cuts whom it puts out, keeps the others, and lets in whom it adds',
    [],
    async (scope) => {
      const service = await startService(scope, echo)
      const toAuditors = {
        ...route(target, service),
        policy: [{ allow: { or: [{ groups: { has: 'auditors' } }] } }],
      }
      // The file is written before the gateway is started; its home is made by the rig.
      const file = join(scope.directory, 'people.yaml')
      const write = async (text: string): Promise<void> => {
        await writeFile(`${file}.new`, text)
        await rename(`${file}.new`, file)
      }
      await write('groups:\n  auditors: [ALICE@example.com, u-bob]\n')
      const rig = await startRig(scope, [toAuditors], { directory: file })
      const [hers, his] = await Promise.all([alice, bob].map(openFor))
      assert.ok(hers && his)
      const stranger = await personAt(scope, rig, carol)
      assert.equal((await stranger.pipe(target, '')).ending, 4)

      await write('groups:\n  auditors: u-bob\n')
      const refused = await rig.lines.first(({ message }) => /not reloaded/.test(String(message)))
      assert.match(
        String(refused['problems']),
        /people\.yaml:2:13: groups\.auditors: must be a list/,
      )
      assert.equal(await exchange(hers, 'still there'), 'still there')

      const startedMs = performance.now()
      await write(
        'people:\n  u-bob: {groups: [auditors]}\n  carol@example.com: {groups: [auditors]}\n',
      )
      await untilEnded(hers)
      assert.ok(performance.now() - startedMs < maxCutMs)
      assert.equal(await exchange(his, 'still there'), 'still there')
      const cut = await rig.lines.first((line) => line['ended'] === 'policy-changed')
      assert.deepEqual([cut['email'], cut['reasons']], [alice, ['groups-unauthorized']])
      assert.equal((await stranger.pipe(target, 'now')).output, 'now')

      async function openFor(email: string): Promise<Socket> {
        const person = await personAt(scope, rig, email)
        const socket = await (await person.listen(target)).connect()
        assert.equal(await exchange(socket, 'hello'), 'hello')
        return socket
      }
    },
  )
})
