import assert from 'node:assert/strict'
import { test } from 'node:test'
import { componentsOf } from './contents.ts'
import { builtDist } from './executable.fixture.ts'
import { thirdPartyLicenses } from './licenses.ts'
import { billOfMaterials } from './sbom.ts'
import { systems } from './systems.ts'

const components = componentsOf(builtDist())

/** The part of CycloneDX's schema that the bill uses. */
interface Bill {
  readonly [key: string]: unknown
  readonly serialNumber: string
  readonly metadata: { readonly component: Part }
  readonly components: readonly Part[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[]
}

interface Part {
  readonly [key: string]: unknown
  readonly type: string
  readonly 'bom-ref': string
  readonly name: string
  readonly purl: string
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[]
  readonly licenses: readonly {
    readonly license?: { readonly id: string }
    readonly expression?: string
  }[]
}

/** Those of SPDX that occur here: another one is looked at by somebody first. */
const knownLicenses = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'Unlicense',
]

test('what is bundled is known: the program, its pages, and what they use', () => {
  const names = components.map(({ name }) => name)
  for (const name of ['commander', 'hono', 'ws', 'zod', 'react', '@mantine/core', 'wouter'])
    assert.ok(names.includes(name), name)
  for (const name of ['esbuild', 'vite', 'typescript', 'fast-check', 'playwright-core'])
    assert.ok(!names.includes(name), name)
})

for (const system of systems) {
  test(`the bill of materials for ${system.name} keeps the rules of CycloneDX 1.6`, () => {
    const product = { version: '1.2.3', license: 'Apache-2.0', system }
    const bill = billOfMaterials(product, components) as Bill
    assert.equal(bill['bomFormat'], 'CycloneDX')
    assert.equal(bill['specVersion'], '1.6')
    assert.equal(bill['version'], 1)
    assert.match(
      bill.serialNumber,
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
    )
    const parts = [bill.metadata.component, ...bill.components]
    for (const part of parts) checkPart(part)
    const refs = parts.map((part) => part['bom-ref'])
    assert.equal(new Set(refs).size, refs.length, 'each reference is there once')
    assert.deepEqual(bill.dependencies.map(({ ref }) => ref).sort(), refs.toSorted())
    for (const { dependsOn = [] } of bill.dependencies)
      assert.ok(dependsOn.every((ref) => refs.includes(ref)))
    assert.ok(refs.includes(`pkg:npm/%40oven/bun-${system.runtime}@1.4.5`))
  })
}

function checkPart(part: Part): void {
  const allowed = ['type', 'bom-ref', 'group', 'name', 'version', 'hashes', 'licenses', 'purl']
  assert.deepEqual(
    Object.keys(part).filter((key) => !allowed.includes(key)),
    [],
  )
  assert.ok(['application', 'library', 'platform'].includes(part.type))
  assert.match(part.purl, /^pkg:(npm|generic)\/(%40[\w.-]+\/)?[\w.-]+@[\w.+-]+(\?system=[\w-]+)?$/)
  for (const { alg, content } of part.hashes ?? []) {
    assert.equal(alg, 'SHA-512')
    assert.match(content, /^[0-9a-f]{128}$/)
  }
  const names = part.licenses.flatMap(({ license, expression = '' }) =>
    license === undefined ? expression.split(/[\s()]+|AND|OR/).filter(Boolean) : [license.id],
  )
  assert.ok(names.length > 0 && names.every((one) => knownLicenses.includes(one)), part.name)
}

test('the licence of everything inside is told, with its text', () => {
  const text = thirdPartyLicenses(components)
  assert.match(text, /^Bun 1\.4\.5 \(MIT\)$/m)
  for (const { name, version, license, text: own } of components) {
    assert.ok(text.includes(`${name} ${version} (${license})\n`), name)
    assert.ok(own.length > 200 && text.includes(own), name)
  }
})
