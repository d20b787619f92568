/** Keys from files and the environment; refusals that give nothing away. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { encryptKeystoreJson } from 'ethers'
import { readKey } from '../../../node/keystore.ts'

const key = '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d'
const address = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'
let folder = ''
const file = async (name: string, text: string): Promise<string> => {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-keys-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** The keystore of the Web3 Secret Storage definition, test vector "PBKDF2-SHA-256". */
const vector = JSON.stringify({
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '6087dab2f9fdbbfaddc31a909735c1e6' },
    ciphertext: '5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46',
    kdf: 'pbkdf2',
    kdfparams: {
      c: 262_144,
      dklen: 32,
      prf: 'hmac-sha256',
      salt: 'ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd',
    },
    mac: '517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2',
  },
  id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
  version: 3,
})

test('the published pbkdf2 vector opens, its password from a file', async () => {
  const keyFile = await file('vector.json', vector)
  const passwordFile = await file('password', 'testpassword\n')
  expect(await readKey({ keyFile, passwordFile }, {})).toBe(
    '0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d',
  )
})

test('a scrypt keystore as ethers writes it opens, its password from the environment', async () => {
  const account = { address, privateKey: key }
  const text = await encryptKeystoreJson(account, 'geheim', { scrypt: { N: 1024 } })
  const keyFile = await file('scrypt.json', text)
  expect(await readKey({ keyFile }, { TRIBUTARY_PASSWORD: 'geheim' })).toBe(key)
  await expect(readKey({ keyFile }, { TRIBUTARY_PASSWORD: 'falsch' })).rejects.toThrow(
    'the password does not open',
  )
  await expect(readKey({ keyFile }, {})).rejects.toThrow('is locked: give --password-file')
})

test('hex keys from a file or the environment; nothing at all is no key', async () => {
  const keyFile = await file('hex', `${key}\n`)
  expect(await readKey({ keyFile }, {})).toBe(key)
  expect(await readKey({}, { TRIBUTARY_PRIVATE_KEY: key.slice(2) })).toBe(key)
  expect(await readKey({}, {})).toBeUndefined()
})

test.each([
  ['too short', '0x1234'],
  ['zero', `0x${'0'.repeat(64)}`],
  ['above the curve order', `0x${'f'.repeat(64)}`],
  ['another JSON', '{"version":3}'],
  ['a keystore that asks for gigabytes', vector.replace('262144', '99999999999')],
])('%s is refused without being repeated', async (_, text) => {
  const keyFile = await file('bad', text)
  const refusal = readKey({ keyFile }, { TRIBUTARY_PASSWORD: 'x' })
  await expect(refusal).rejects.toMatchObject({ code: 'KEY_UNREADABLE' })
  await expect(refusal).rejects.not.toThrow(text)
})
