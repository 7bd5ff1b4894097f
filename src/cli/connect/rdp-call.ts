import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { formatAuthority, type HostPort } from '../../address.ts'
import { stateOfProcess } from '../../client/sign-in/process-identity.ts'
import { rdpFile } from '../../desktop/connections/rdp-file.ts'

/** How a desktop is shown. */
export interface RdpCall extends AsyncDisposable {
  readonly args: readonly string[]
  /** Whether the program hands over to another one and ends: then it does not say when the desktop is closed. */
  readonly handsOver: boolean
}

/** Programs that show a desktop, the best first. */
export function rdpPrograms(platform: NodeJS.Platform = process.platform): readonly string[] {
  if (platform === 'win32') return ['mstsc']
  if (platform === 'darwin') return ['open']
  return ['xfreerdp3', 'xfreerdp', 'sdl-freerdp3', 'remmina', 'xdg-open']
}

/** What starts one of these programs. One that takes no address gets a file in `directory`, until it is disposed. */
export async function rdpCall(
  program: string,
  { local, user, args, directory }: RdpPlace,
): Promise<RdpCall> {
  const place = formatAuthority(local)
  const name = basename(program).replace(/\.exe$/i, '')
  const nothing = (): Promise<void> => Promise.resolve()
  if (name === 'mstsc') {
    return { args: [`/v:${place}`, ...args], handsOver: false, [Symbol.asyncDispose]: nothing }
  }
  if (name.includes('freerdp')) {
    const account = user === undefined ? [] : [`/u:${user}`]
    const words = [`/v:${place}`, ...account, ...args]
    return { args: words, handsOver: false, [Symbol.asyncDispose]: nothing }
  }
  if (name === 'remmina') {
    const account = user === undefined ? '' : `${encodeURIComponent(user)}@`
    const words = ['-c', `rdp://${account}${place}`, ...args]
    return { args: words, handsOver: true, [Symbol.asyncDispose]: nothing }
  }
  const file = await writeRdpFile(local, directory)
  return {
    args: [...args, file],
    handsOver: true,
    [Symbol.asyncDispose]: () => rm(file, { force: true }),
  }
}

/** What leads such a program to a desktop. */
export interface RdpPlace {
  readonly local: HostPort
  readonly user: string | undefined
  readonly args: readonly string[]
  readonly directory: string
}

async function writeRdpFile(local: HostPort, directory: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await sweep(directory)
  const file = join(directory, `desktop-${process.pid}.rdp`)
  await rm(file, { force: true })
  await writeFile(file, rdpFile(formatAuthority(local)) ?? '', { mode: 0o600, flag: 'wx' })
  return file
}

/** Removes the files of processes that were killed. */
async function sweep(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const [, pid] = /^desktop-(\d+)\.rdp$/.exec(name) ?? []
    if (pid === undefined || (await stateOfProcess(Number(pid))).isRunning) continue
    await rm(join(directory, name), { force: true })
  }
}
