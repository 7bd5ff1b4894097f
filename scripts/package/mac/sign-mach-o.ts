import { readFileSync, writeFileSync } from 'node:fs'
import {
  directoryMagic,
  hashBytes,
  pageBytes,
  pageHashes,
  readMachO,
  signatureMagic,
} from './mach-o.ts'

/** `CS_ADHOC | CS_LINKER_SIGNED`: by nobody, and `codesign` puts another in its place without being forced to. */
const flags = 0x2_0002
/** The first version with the `execSeg…` fields. */
const version = 0x2_0400
const directoryBytes = 88
/** Of the blob around the directory: its head, and an index of one row. */
const frameBytes = 20
const sha256 = 2
const pageBits = Math.log2(pageBytes)
/** `CS_EXECSEG_MAIN_BINARY` */
const mainBinary = 1n

/** Signs a file for macOS, in its place. */
export function signMachOFile(path: string, identifier: string): void {
  writeFileSync(path, signMachO(readFileSync(path), identifier))
}

/**
 * Signs a Mach-O file ad hoc: there is no certificate, and the kernel lets it run, since the hashes are of what it loads.
 * Bun does this for arm64, and leaves its own signature in a file for x64, which is no longer true of it.
 */
export function signMachO(unsigned: Buffer, identifier: string): Buffer {
  const { text, linkEditCommand, signatureCommand, signature } = readMachO(unsigned)
  const code = Buffer.from(unsigned.subarray(0, signature.offset))
  const name = Buffer.from(`${identifier}\0`)
  const pages = Math.ceil(code.length / pageBytes)
  const size = frameBytes + directoryBytes + name.length + pages * hashBytes
  // Before the hashes are taken, which are of this as well.
  code.writeUInt32LE(size, signatureCommand + 12)
  const linkEditBytes = BigInt(signature.offset + size) - code.readBigUInt64LE(linkEditCommand + 40)
  code.writeBigUInt64LE(roundUp(linkEditBytes), linkEditCommand + 32)
  code.writeBigUInt64LE(linkEditBytes, linkEditCommand + 48)
  const frame = Buffer.alloc(frameBytes)
  writeNumbers(frame, [signatureMagic, size, 1, 0, frameBytes])
  const directory = Buffer.alloc(directoryBytes)
  writeNumbers(directory, [
    directoryMagic,
    size - frameBytes,
    version,
    flags,
    directoryBytes + name.length,
    directoryBytes,
    0,
    pages,
    code.length,
  ])
  directory.set([hashBytes, sha256, 0, pageBits], 36)
  directory.writeBigUInt64BE(BigInt(text.offset), 64)
  directory.writeBigUInt64BE(BigInt(text.size), 72)
  directory.writeBigUInt64BE(mainBinary, 80)
  return Buffer.concat([code, frame, directory, name, pageHashes(code)])
}

function writeNumbers(blob: Buffer, numbers: readonly number[]): void {
  for (const [index, number] of numbers.entries()) blob.writeUInt32BE(number, 4 * index)
}

function roundUp(bytes: bigint): bigint {
  const page = BigInt(pageBytes)
  return ((bytes + page - 1n) / page) * page
}
