import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Image } from './image.ts'
import { digestOf } from './layer.ts'

/** How one blob of a layout names another. */
interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly platform?: object
  readonly annotations?: Readonly<Record<string, string>>
}

const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const

/**
 * Writes images as what registries, engines and their tools read without one of them running. It has one thing alone, by
 * `version`: the index, of which a reader takes the image for its processor. Engines load no layout that has more.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md
 */
export function writeLayout(directory: string, version: string, images: readonly Image[]): void {
  const blobs = join(directory, 'blobs', 'sha256')
  mkdirSync(blobs, { recursive: true })
  const write = (mediaType: string, bytes: Buffer): Descriptor => {
    const digest = digestOf(bytes)
    writeFileSync(join(blobs, digest.slice('sha256:'.length)), bytes)
    return { mediaType, digest, size: bytes.length }
  }
  const writeJson = (mediaType: string, value: object): Descriptor =>
    write(mediaType, Buffer.from(JSON.stringify(value)))

  const manifests = images.map(({ architecture, config, layers }) => ({
    ...writeJson(types.manifest, {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: writeJson(types.config, config),
      layers: layers.map(({ bytes }) => write(types.layer, bytes)),
    }),
    platform: { architecture, os: 'linux' },
  }))
  const index = writeJson(types.index, indexOf(manifests))
  writeFileSync(join(directory, 'index.json'), JSON.stringify(indexOf([name(index, version)])))
  writeFileSync(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
}

function indexOf(manifests: readonly Descriptor[]): object {
  return { schemaVersion: 2, mediaType: types.index, manifests }
}

function name(descriptor: Descriptor, text: string): Descriptor {
  return { ...descriptor, annotations: { 'org.opencontainers.image.ref.name': text } }
}
