import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { startChild } from './child.ts'
import { application, startConnectorRig } from './connector-rig.ts'
import { peerTest } from './peers.ts'
import { smbclient, startSamba } from './peers/samba.ts'
import { posternCommand } from './rig.ts'
import { sha256 } from './services.ts'

const fileBytes = 32 * 1024 * 1024

peerTest(
  'files go to a Samba behind a connector and come back by "access smb"',
  ['Samba'],
  async (scope) => {
    const samba = await startSamba(scope)
    const rig = await startConnectorRig(scope)
    await rig.startConnector(samba.port)

    const port = await freePort()
    const gateway = ['--gateway', rig.origin, '--ca-file', rig.caFile]
    const args = ['access', 'smb', '--hostname', application, '--url', `localhost:${port}`]
    const client = startChild(scope, ...posternCommand(...args, ...gateway), {
      env: { HOME: scope.directory },
    })
    await client.says(/listening on 127\.0\.0\.1:\d+/)

    const folder = join(scope.directory, 'mine')
    await mkdir(folder)
    const content = randomBytes(fileBytes)
    await writeFile(join(folder, 'report'), content)
    const there = { port, folder }
    await smbclient(scope, there, 'put report', 'mkdir kept', 'rename report kept\\report')
    assert.equal(sha256(await readFile(join(samba.folder, 'kept', 'report'))), sha256(content))
    const listing = await smbclient(scope, there, 'cd kept', 'ls', 'get report back')
    assert.match(listing, new RegExp(`^  report +A? +${fileBytes} `, 'm'))
    assert.equal(sha256(await readFile(join(folder, 'back'))), sha256(content))
  },
)
