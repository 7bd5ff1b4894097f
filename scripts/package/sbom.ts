import { createHash } from 'node:crypto'
import { runtimes } from '../bun/fetch-bun.ts'
import type { Component } from './contents.ts'
import type { System } from './systems.ts'

/** What a bill of materials is about. */
export interface Product {
  readonly version: string
  readonly license: string
  readonly system: System
}

/**
 * The bill of materials of one executable, as CycloneDX 1.6 has it. It has no date, so that the same release has the same.
 *
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export function billOfMaterials(
  { version, license, system }: Product,
  components: readonly Component[],
): object {
  const product = `pkg:generic/postern@${version}?system=${system.name}`
  const libraries = components.map((one) => libraryOf(one))
  const runtime = runtimeOf(system)
  const parts = [runtime, ...libraries]
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify([product, parts]))}`,
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': product,
        name: 'postern',
        version,
        licenses: licensesOf(license),
        purl: product,
      },
    },
    components: parts,
    dependencies: [
      { ref: product, dependsOn: parts.map((part) => part['bom-ref']) },
      ...parts.map((part) => ({ ref: part['bom-ref'] })),
    ],
  }
}

function libraryOf({ name, version, license }: Component) {
  const purl = packageUrl(name, version)
  const [group, plain] = name.startsWith('@') ? name.split('/') : [undefined, name]
  return {
    type: 'library',
    'bom-ref': purl,
    ...(group === undefined ? {} : { group }),
    name: plain,
    version,
    licenses: licensesOf(license),
    purl,
  }
}

function runtimeOf({ runtime }: System) {
  const name = `@oven/bun-${runtime}`
  const purl = packageUrl(name, runtimes.version)
  const digest = (runtimes.integrity[name] ?? '').replace(/^sha512-/, '')
  return {
    type: 'platform',
    'bom-ref': purl,
    group: '@oven',
    name: `bun-${runtime}`,
    version: runtimes.version,
    hashes: [{ alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex') }],
    licenses: licensesOf('MIT'),
    purl,
  }
}

/** An SPDX identifier, or an expression of several. */
function licensesOf(license: string): readonly object[] {
  if (/^[\w.+-]+$/.test(license)) return [{ license: { id: license } }]
  return [{ expression: license }]
}

/** @see https://github.com/package-url/purl-spec/blob/main/types-doc/npm-definition.md */
function packageUrl(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`
}

/** A UUID of version 8 (RFC 9562 section 5.8): by the content. */
function uuidOf(content: string): string {
  const hex = createHash('sha256').update(content).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
