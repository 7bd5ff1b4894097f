import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { formulaOf } from './homebrew/formula.ts'
import { readUrl, type Release } from './release.ts'
import { wingetManifests } from './winget/manifests.ts'

const systems = ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64']
const names = [
  ...systems.map((system) => `postern-1.2.3-${system}.tar.gz`),
  ...['x64', 'arm64'].map((processor) => `postern-1.2.3-windows-${processor}.zip`),
]
const release: Release = {
  version: '1.2.3',
  url: readUrl('https://downloads.example.com/postern/1.2.3/'),
  sums: new Map(names.map((name, index) => [name, String(index).repeat(64)])),
}

test('the formula of Homebrew has the archive for each processor', () => {
  assert.equal(formulaOf(release), golden('formula.rb'))
})

test('what an address has of Ruby stays text in the formula', () => {
  assert.match(
    formulaOf({ ...release, url: 'https://e.com/#{exit}"' }),
    /homepage "https:\/\/e\.com\/\\#\{exit\}\\""$/m,
  )
})

test('the manifests of winget have the archive for each processor', () => {
  const manifests = wingetManifests(release)
  assert.deepEqual(
    [...manifests.keys()],
    ['Postern.Postern.yaml', 'Postern.Postern.installer.yaml', 'Postern.Postern.locale.en-US.yaml'],
  )
  assert.equal([...manifests.values()].join('---\n'), golden('winget.txt'))
})

test('a release that lacks the archive of a system is named', () => {
  const sums = new Map([...release.sums].filter(([name]) => !name.includes('linux-arm64')))
  assert.throws(
    () => formulaOf({ ...release, sums }),
    /SHA256SUMS has no "postern-1\.2\.3-linux-arm64\.tar\.gz"/,
  )
})

test('an address is one of HTTPS, without a query, a fragment or a password', () => {
  for (const url of [
    'http://example.com',
    'example.com',
    'https://example.com/#{1}',
    'https://e.com/?a',
    'https://e.com/#',
    'https://me:secret@e.com/',
  ])
    assert.throws(() => readUrl(url), /^Error: --url is /, url)
  assert.equal(readUrl('https://example.com/a"b'), 'https://example.com/a%22b')
})

function golden(name: string): string {
  return readFileSync(join(import.meta.dirname, 'golden', name), 'utf8')
}
