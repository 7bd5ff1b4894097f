import assert from 'node:assert/strict'
import { once } from 'node:events'
import { inTime } from './child.ts'
import { startAccess, startConnectorRig } from './connector-rig.ts'
import { peerTest } from './peers.ts'
import { answerAtEnd, startService } from './services.ts'

peerTest(
  'a key for grants is replaced under a connector that runs, and a forgotten one keeps its token out',
  [],
  async (scope) => {
    const service = await startService(scope, answerAtEnd(Buffer.from('here')))
    const rig = await startConnectorRig(scope)
    const connector = await rig.startConnector(service)
    const access = await startAccess(scope, rig)
    const works = async (): Promise<void> => {
      const socket = await access.connect()
      const arrived = once(socket, 'data')
      socket.end('?')
      await inTime(arrived, () => 'nothing came through the connector')
    }
    const keys = (...args: string[]) =>
      rig.postern('gateway', 'keys', ...args, 'connector-grant', '-c', rig.configPath)
    await works()

    const rotated = await keys('rotate')
    assert.equal(rotated.ending, 0, rotated.errors)
    assert.match(rotated.errors, /1 connector trusts it now/)
    await works()
    const forgotten = await keys('forget')
    assert.equal(forgotten.ending, 0, forgotten.errors)
    assert.doesNotMatch(forgotten.errors, /cut/)
    await works()

    connector.signal('SIGTERM')
    assert.equal(await connector.ended, 0)
    const url = `tcp://127.0.0.1:${service}`
    const again = await rig.postern('tunnel', 'run', '--token-file', rig.tokenFile, '--url', url)
    assert.equal(again.ending, 4, again.errors)
    assert.match(again.errors, /no key that this credential trusts is one of this gateway/)
    assert.match(again.errors, /"postern tunnel token NAME"/)
  },
)
