import assert from 'node:assert/strict'
import { appendFile, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { test, type TestContext } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { silentLogger, type LogFields } from '../log.ts'
import type { CheckedFile } from './checked-file.ts'
import { runProgramSync } from '../program.fixture.ts'
import { createDownloads } from './downloads.ts'
import { createRelease, sha256Of, type Release } from './release.fixture.ts'

const linux = 'postern-0.1.0-linux-x64.tar.gz'
const mac = 'postern-0.1.0-darwin-arm64.tar.gz'
/** A look at the directory is due again. */
const laterMs = 10_000

test('a file is handed out when its content is what its checksum says', async (t) => {
  const { release, offer, said } = await setup(t)
  await release.write({ [linux]: 'for linux', [mac]: 'for a mac', 'notes.txt': 'read me' })
  const { files, executables } = await offer()
  assert.deepEqual([...files.keys()], [linux, mac, 'notes.txt'])
  const [first] = executables
  assert.deepEqual(first, {
    name: mac,
    version: '0.1.0',
    system: 'darwin-arm64',
    bytes: 9,
    sha256: sha256Of('for a mac'),
  })
  assert.equal(await contentOf(files.get(linux)), 'for linux')
  assert.deepEqual(said(), [])
})

test('what does not match is not handed out, and the log says so once', async (t) => {
  const { release, offer, said } = await setup(t)
  await release.write({ [linux]: 'for linux', [mac]: 'for a mac', 'gone.zip': '' })
  await writeFile(release.path(mac), 'for a spy')
  await rm(release.path('gone.zip'))
  await writeFile(release.path('unlisted.zip'), 'nobody vouches for it')
  const expected = [
    { file: mac, why: 'its checksum is another one' },
    { file: 'gone.zip', why: 'there is no such file' },
  ]
  assert.deepEqual([...(await offer()).files.keys()], [linux])
  assert.deepEqual(said(), expected)
  assert.deepEqual([...(await offer()).files.keys()], [linux])
  assert.deepEqual(said(), expected)
  await writeFile(release.path(mac), 'for a mac')
  assert.deepEqual([...(await offer()).files.keys()], [linux, mac])
})

test('links, pipes and directories are not followed, opened or waited for', async (t) => {
  const { release, offer, said } = await setup(t)
  const outside = await createRelease(t)
  await outside.write({ secret: 'for linux' })
  await symlink(outside.path('secret'), release.path(linux))
  await mkdir(release.path('folder'))
  runProgramSync('mkfifo', [release.path('pipe')])
  await release.sum({ [linux]: 'for linux', folder: '', pipe: '' })
  assert.deepEqual([...(await offer()).files.keys()], [])
  assert.deepEqual(said(), [
    { file: linux, why: 'it is a symbolic link' },
    { file: 'folder', why: 'it is no regular file' },
    { file: 'pipe', why: 'it is no regular file' },
  ])
  await rm(release.path('SHA256SUMS'))
  runProgramSync('mkfifo', [release.path('SHA256SUMS')])
  assert.deepEqual([...(await offer()).files.keys()], [])
  assert.deepEqual(said().at(-1), { file: 'SHA256SUMS', why: 'it is no regular file' })
})

test('a directory is handed out as soon as it is there', async (t) => {
  const { release, offer, said } = await setup(t)
  assert.equal((await offer()).files.size, 0)
  assert.deepEqual(said(), [{ file: 'SHA256SUMS', why: 'there is no such file' }])
  await release.write({ [linux]: 'for linux' })
  assert.equal((await offer()).files.size, 1)
})

test('whoever reads a file that another one replaces gets the old one whole', async (t) => {
  const { release, offer } = await setup(t)
  await release.write({ [linux]: 'the old one' })
  const old = (await offer()).files.get(linux)
  using _ = old?.use()
  await writeFile(release.path('new'), 'the new one')
  await rename(release.path('new'), release.path(linux))
  await release.sum({ [linux]: 'the new one' })
  const now = (await offer()).files.get(linux)
  assert.equal(await contentOf(old), 'the old one')
  assert.equal(await contentOf(now), 'the new one')
})

test('a file that is written to while it is read is read no further', async (t) => {
  const { release, offer } = await setup(t)
  await release.write({ [linux]: 'the old one' })
  const file = (await offer()).files.get(linux)
  assert.equal(await contentOf(file), 'the old one')
  await appendFile(release.path(linux), ' and more')
  await assert.rejects(contentOf(file), { message: 'it was written to meanwhile' })
  assert.equal((await offer()).files.size, 0)
})

test(
  'a file stays open for as long as it is offered or read, and no longer',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const { release, offer, downloads } = await setup(t)
    await release.write({ [linux]: 'for linux', [mac]: 'for a mac' })
    const before = await openFiles()
    const file = (await offer()).files.get(linux)
    await offer()
    assert.equal(await openFiles(), before + 2)
    const use = file?.use()
    downloads.close()
    assert.equal(await contentOf(file), 'for linux')
    use?.[Symbol.dispose]()
    use?.[Symbol.dispose]()
    while ((await openFiles()) > before) await new Promise((resolve) => setImmediate(resolve))
  },
)

test('nothing of the directory before is handed out, nor of one that is followed no more', async (t) => {
  const { release, offer, downloads } = await setup(t)
  await release.write({ [linux]: 'for linux' })
  const other = await createRelease(t)
  await other.write({ [mac]: 'for a mac' })
  await offer()
  downloads.follow({ directory: other.directory })
  downloads.follow({ directory: release.directory })
  downloads.follow({ directory: other.directory })
  const { files } = await offer()
  assert.deepEqual([...files.keys()], [mac])
  assert.equal(await contentOf(files.get(mac)), 'for a mac')
  downloads.follow({ page: 'https://intranet.example.com/postern' })
  assert.equal((await offer()).page, 'https://intranet.example.com/postern')
  downloads.follow(undefined)
  assert.deepEqual(await offer(), { files: new Map(), executables: [], page: undefined })
})

test('who follows the same directory anew gets what it holds then, whatever look was under way', async (t) => {
  const { release, downloads } = await setup(t)
  const { directory } = release
  await release.write({ [linux]: 'the old one' })
  downloads.follow({ directory })
  await release.write({ [linux]: 'the new one' })
  downloads.follow({ directory })
  const old = (await downloads.offer()).files.get(linux)
  assert.equal(await contentOf(old), 'the new one')
  await release.write({ [linux]: 'the newest' })
  downloads.follow({ directory })
  downloads.follow({ directory })
  const { files } = await downloads.offer()
  assert.equal(await contentOf(files.get(linux)), 'the newest')
})

test('however many ask, the directory is looked at once in ten seconds', async (t) => {
  const { release, downloads, clock, offer } = await setup(t)
  await release.write({ [linux]: 'for linux' })
  await offer()
  const asked = await Promise.all(Array.from({ length: 50 }, () => downloads.offer()))
  assert.equal(new Set(asked).size, 1)
  await release.write({ [mac]: 'for a mac' })
  assert.deepEqual([...(await downloads.offer()).files.keys()], [linux])
  clock.advance(laterMs)
  assert.deepEqual([...(await downloads.offer()).files.keys()], [mac])
})

async function setup(t: TestContext) {
  const release: Release = await createRelease(t)
  const clock = createFakeClock()
  const said: LogFields[] = []
  const warn = (_: string, { directory, ...rest }: LogFields = {}): void => {
    assert.equal(directory, release.directory)
    said.push(rest)
  }
  const downloads = createDownloads(undefined, { clock, logger: { ...silentLogger, warn } })
  t.after(() => downloads.close())
  let isFollowed = false
  return {
    release,
    clock,
    downloads,
    said: () => said,
    /** What there is when somebody asks later. */
    offer() {
      if (!isFollowed) downloads.follow({ directory: release.directory })
      isFollowed = true
      clock.advance(laterMs)
      return downloads.offer()
    },
  }
}

async function contentOf(file: CheckedFile | undefined): Promise<string> {
  return String(await file?.read(0, file.bytes))
}

async function openFiles(): Promise<number> {
  const handles = await readdir('/proc/self/fd')
  return handles.length
}
