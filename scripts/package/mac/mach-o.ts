// The parts of a Mach-O file that its signature is about, as <mach-o/loader.h> and <kern/cs_blobs.h> of XNU have them.
// @see https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h
// @see https://github.com/apple-oss-distributions/xnu/blob/main/osfmk/kern/cs_blobs.h
import { createHash } from 'node:crypto'

const magic64 = 0xfeedfacf
const headerBytes = 32
const segment64 = 0x19
const codeSignature = 0x1d
/** `CSMAGIC_EMBEDDED_SIGNATURE`, `CSMAGIC_CODEDIRECTORY`: of blobs, whose numbers are big-endian. */
export const signatureMagic = 0xfade0cc0
export const directoryMagic = 0xfade0c02

export const pageBytes = 4096
export const hashBytes = 32

export interface MachO {
  /** Of the `__TEXT` segment in the file, in bytes. */
  readonly text: { readonly offset: number; readonly size: number }
  /** Where the commands are that tell of `__LINKEDIT` and of the signature, in bytes from the start. */
  readonly linkEditCommand: number
  readonly signatureCommand: number
  /** Where the signature is, and how much room it has. */
  readonly signature: { readonly offset: number; readonly size: number }
}

/** @throws Error for what is no 64-bit Mach-O file with room for a signature */
export function readMachO(file: Buffer): MachO {
  if (file.readUInt32LE(0) !== magic64) throw new Error('this is no 64-bit Mach-O file')
  const segments = new Map<string, number>()
  let signatureCommand: number | undefined
  let at = headerBytes
  for (let left = file.readUInt32LE(16); left > 0; left -= 1) {
    const kind = file.readUInt32LE(at)
    if (kind === segment64) segments.set(nameAt(file, at + 8), at)
    if (kind === codeSignature) signatureCommand = at
    at += file.readUInt32LE(at + 4)
  }
  const text = segments.get('__TEXT')
  const linkEditCommand = segments.get('__LINKEDIT')
  if (text === undefined || linkEditCommand === undefined || signatureCommand === undefined)
    throw new Error('this Mach-O file has no place for a signature')
  return {
    text: { offset: sizeAt(file, text + 40), size: sizeAt(file, text + 48) },
    linkEditCommand,
    signatureCommand,
    signature: {
      offset: file.readUInt32LE(signatureCommand + 8),
      size: file.readUInt32LE(signatureCommand + 12),
    },
  }
}

/** The hashes that a signature has of the code before it, one of each page. */
export function pageHashes(code: Buffer): Buffer {
  const hashes = []
  for (let at = 0; at < code.length; at += pageBytes)
    hashes.push(
      createHash('sha256')
        .update(code.subarray(at, at + pageBytes))
        .digest(),
    )
  return Buffer.concat(hashes)
}

/** Whether the signature is of this very file. macOS kills a process at the first page that it is not of. */
export function isSigned(file: Buffer): boolean {
  const { offset, size } = readMachO(file).signature
  if (offset + size !== file.length || file.readUInt32BE(offset) !== signatureMagic) return false
  // A blob's index has its kind, and where it is.
  const directory = offset + file.readUInt32BE(offset + 16)
  if (file.readUInt32BE(directory) !== directoryMagic) return false
  const hashes = directory + file.readUInt32BE(directory + 16)
  const signedBytes = file.readUInt32BE(directory + 32)
  const expected = pageHashes(file.subarray(0, offset))
  return signedBytes === offset && file.subarray(hashes, hashes + expected.length).equals(expected)
}

function nameAt(file: Buffer, at: number): string {
  return file.toString('latin1', at, at + 16).replace(/\0+$/, '')
}

function sizeAt(file: Buffer, at: number): number {
  return Number(file.readBigUInt64LE(at))
}
