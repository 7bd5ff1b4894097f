import { mkdir, statfs, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '../../../src/errors.ts'
import { runProgramSync } from '../../../src/program.fixture.ts'
import { mustRun } from '../../e2e/child.ts'
import { program } from '../../e2e/peers.ts'
import { untouched, type Fault } from '../fault.ts'

const diskBytes = 64 * 1024 * 1024

export const diskFull: Fault = {
  name: 'disk-full',
  done: 'the disk of the state directory is filled to its last byte, and emptied again',
  holds:
    'everything comes out whole, tunnels are opened meanwhile, a change is refused, and what the audit log lacks is told in it',
  needs: ['network namespaces'],
  async setUp(scope) {
    const disk = join(scope.directory, 'disk')
    await mkdir(disk)
    await mustRun(scope, program('mount'), [
      '-t',
      'tmpfs',
      '-o',
      `size=${diskBytes},mode=700`,
      'postern-disk',
      disk,
    ])
    scope.defer(() => void runProgramSync(program('umount'), ['--lazy', disk]))
    return { settings: { state_directory: join(disk, 'state') } }
  },
  terms: untouched,
  async run({ stage, start }) {
    const { rig, ways } = stage
    const filling = join(stage.stateDirectory, 'filling')
    await fill(stage.stateDirectory, filling)
    for (const way of ways) await start(way, { expected: 'whole' })
    await fill(stage.stateDirectory, `${filling}-2`)
    const create = (name: string) =>
      rig.postern('service-account', 'create', name, '-c', rig.configPath)
    const refused = await create('on-a-full-disk')
    if (refused.ending === 0) throw new Error('a change is acknowledged that cannot be kept')
    // Ends of tunnels that have no room for their records.
    const more = await Promise.all(ways.map((way) => start(way, { expected: 'whole' })))
    await Promise.all(more.map((transfer) => transfer.finish(30_000)))
    await unlink(filling)
    await unlink(`${filling}-2`)
    const { ending, errors } = await create('after-it')
    if (ending !== 0) throw new Error(`a change is refused although there is room: ${errors}`)
    return { opened: 2 * ways.length, refused: 1 }
  },
}

async function fill(directory: string, path: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  try {
    await writeFile(path, Buffer.alloc(bavail * bsize + 1))
  } catch (error) {
    if (systemCode(error) !== 'ENOSPC') throw error
  }
}
