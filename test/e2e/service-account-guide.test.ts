import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe } from 'node:test'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { listenLine, readGuide, readerAt, runLine } from './guide.ts'
import { peerTest } from './peers.ts'
import { exchange, untilEnded } from './person.ts'
import { startRig } from './rig.ts'
import { posternInShell } from '../postern-program.ts'
import { echo, startService } from './services.ts'

const page = join(import.meta.dirname, '..', '..', 'docs', 'service-accounts.md')

describe('docs/service-accounts.md', () => {
  peerTest('says what works, from the first credential to its end', [], async (scope) => {
    const service = await startService(scope, echo)
    const localPort = await freePort()
    const configPath = join(scope.directory, 'gateway', 'postern.yaml')
    const guide = readGuide(await readFile(page, 'utf8'), {
      standIns: {
        '10.0.0.5:5432': `127.0.0.1:${service}`,
        '15432': `${localPort}`,
        '/etc/postern/postern.yaml': configPath,
      },
    })
    const rig = await startRig(scope, guide.routes())
    assert.equal(rig.configPath, configPath)
    const program = await readerAt(scope, rig, 'nobody@example.com')

    // The gateway's user, in the directory that stands for the program's as well.
    const tools = join(scope.directory, 'tools of the gateway')
    await mkdir(tools)
    const shim = `#!/bin/sh\nexec ${posternInShell} "$@"\n`
    await writeFile(join(tools, 'postern'), shim, { mode: 0o755 })
    const state = { HOME: rig.home, XDG_STATE_HOME: join(rig.home, '.state') }
    const operator = { home: program.home, env: { ...state, PATH: `${tools}:/usr/bin:/bin` } }
    const operate = (pattern: RegExp) => runLine(scope, operator, guide.command(pattern))

    const created = await operate(/ create nightly-backup /)
    assert.deepEqual([created.output, created.errors.includes('it expires ')], ['', true])
    await listenLine(scope, program, guide.command(/^postern tcp --service-account-file/))
    const socket = connect({ port: localPort, host: '127.0.0.1' })
    scope.defer(() => void socket.destroy())
    // The end that revoking makes is a reset.
    socket.on('error', () => undefined)
    assert.equal(await exchange(socket, 'hello'), 'hello')
    const byVariable = guide.command(/^POSTERN_SERVICE_ACCOUNT_FILE=/)
    const use = async (line: string): Promise<string> =>
      (await runLine(scope, program, line, { input: 'hello' })).output
    assert.equal(await use(byVariable), 'hello')

    await operate(/ create ci /)
    assert.equal(await use(guide.command(/ci\.env && postern tcp/)), 'hello')

    await operate(/ rotate nightly-backup /)
    assert.equal(await exchange(socket, 'still there'), 'still there')
    assert.equal(await use(byVariable), 'hello')

    const { output } = await operate(/ list /)
    assert.match(output, /^ci +active +id-secret .*\nnightly-backup +active +jwt /m)
    assert.equal((await operate(/ revoke /)).output, 'nightly-backup\n')
    await untilEnded(socket)
    await assert.rejects(use(byVariable), ({ cause }) =>
      /ended with 3: .*does not accept this service account/s.test(String(cause)),
    )
    assert.deepEqual(await program.browserStarts(), [])
    guide.finish()
  })
})
