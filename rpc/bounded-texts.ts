/** Serialized blocks by name, the least recently used leaving first. Bounded in characters. */
import { LRUCache } from 'lru-cache'
import type { BlockTexts } from './method.ts'

/** 64 Mi characters: some hundred full blocks with all transactions. */
const maxCharacters = 67_108_864

export function createBlockTexts(): BlockTexts {
  const texts = new LRUCache<string, string>({
    maxSize: maxCharacters,
    sizeCalculation: (text) => text.length + 1,
  })
  return { get: (key) => texts.get(key), set: (key, text) => void texts.set(key, text) }
}
