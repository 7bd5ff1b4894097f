import type { Clock } from '../clock.ts'
import { oneByOne } from '../one-by-one.ts'
import type { CheckedFile } from './checked-file.ts'

/** What is read at once and held for one reader, in bytes. */
const pieceBytes = 64 * 1024

/**
 * @limit downloads of executables under way: the one whose reader has taken nothing for the longest time ends, from
 * five seconds on; 503 where all are taken
 */
const maxAtOnce = 100

/** @limit downloads of executables under way to one address: as for those of all */
const maxPerAddress = 20

/** A reader that has taken nothing for so long may lose its place, in milliseconds. */
const restMs = 5_000

export interface HandOutOptions {
  readonly clock: Clock
  readonly maxAtOnce?: number
  readonly maxPerAddress?: number
}

/** Part of a file, for somebody. */
export interface Wish {
  readonly file: CheckedFile
  /** First byte, and the one behind the last. */
  readonly from: number
  readonly to: number
  /** Whoever is behind it counts together. */
  readonly address: string
}

/** Hands files out piece by piece, each when the one before was taken. */
export interface HandOut {
  /** Undefined where no place is free; else it has one until the stream was read, cancelled or failed. */
  begin(wish: Wish): ReadableStream<Uint8Array<ArrayBuffer>> | undefined
}

interface Place {
  readonly address: string
  progressedAtMs: number
  lose(): void
}

export function createHandOut({
  clock,
  maxAtOnce: atOnce = maxAtOnce,
  maxPerAddress: perAddress = maxPerAddress,
}: HandOutOptions): HandOut {
  /** In the order of their last progress. */
  const places = new Set<Place>()
  // One thread of the pool that looks up names as well, however many read and however slow the disk is.
  const inTurn = oneByOne()

  function isFreeFor(address: string): boolean {
    const own = [...places].filter((place) => place.address === address)
    const crowd = own.length >= perAddress ? own : places.size >= atOnce ? [...places] : []
    const [slowest] = crowd
    if (slowest === undefined) return true
    if (clock.now() - slowest.progressedAtMs < restMs) return false
    slowest.lose()
    return true
  }

  return {
    begin({ file, from, to, address }) {
      if (!isFreeFor(address)) return undefined
      const use = file.use()
      let position = from
      const leave = (): void => {
        places.delete(place)
        use[Symbol.dispose]()
      }
      const place: Place = { address, progressedAtMs: clock.now(), lose: leave }
      places.add(place)
      return new ReadableStream(
        {
          start(controller) {
            place.lose = () => {
              leave()
              controller.error(new Error('others have waited for its place'))
            }
          },
          async pull(controller) {
            place.progressedAtMs = clock.now()
            if (places.delete(place)) places.add(place)
            if (position >= to) {
              leave()
              return controller.close()
            }
            try {
              const piece = await inTurn(() =>
                file.read(position, Math.min(to - position, pieceBytes)),
              )
              if (piece.byteLength === 0) throw new Error('the file has become shorter')
              position += piece.byteLength
              if (places.has(place)) controller.enqueue(piece)
            } catch (error) {
              leave()
              controller.error(error)
            }
          },
          cancel: leave,
        },
        { highWaterMark: 0 },
      )
    },
  }
}
