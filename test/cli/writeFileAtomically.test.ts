import { chmodSync, linkSync, mkdirSync, readFileSync, readdirSync, symlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CommandError, checkWritable, isSameFile, writeFileAtomically } from '@rankwise/cli';
import { temporaryFolder } from './support.ts';

describe('writeFileAtomically', () => {
  const folder = temporaryFolder();

  it('writes and replaces, and leaves nothing else behind', async () => {
    const inner = join(folder.path, 'inner');
    mkdirSync(inner);
    const file = join(inner, 'out.bin');
    await writeFileAtomically(file, new Uint8Array([1, 2, 3]));
    expect([...readFileSync(file)]).toEqual([1, 2, 3]);
    await writeFileAtomically(file, 'text ×');
    expect(readFileSync(file, 'utf8')).toBe('text ×');
    await writeFileAtomically(file, new Set([new Uint8Array([4, 5]), new Uint8Array([6])]));
    expect([...readFileSync(file)]).toEqual([4, 5, 6]);
    expect(readdirSync(inner)).toEqual(['out.bin']);
  });

  it('replaces a file that others hold open: they keep the old one', async () => {
    const file = folder.file('old', 'old');
    const before = statSync(file).ino;
    await writeFileAtomically(file, 'new');
    expect(statSync(file).ino).not.toBe(before);
  });

  it('follows links', async () => {
    const target = folder.file('target', 'old');
    const link = join(folder.path, 'link');
    symlinkSync(target, link);
    await writeFileAtomically(link, 'new');
    expect(readFileSync(target, 'utf8')).toBe('new');
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it.each(['writeFileAtomically', 'checkWritable'])('%s refuses what cannot be written', async (name) => {
    const write = (path: string) => (name === 'checkWritable' ? checkWritable(path) : writeFileAtomically(path, 'x'));
    const file = folder.file('plain', 'kept');
    await expect(write('')).rejects.toThrow('the name is empty');
    await expect(write(folder.path)).rejects.toThrow('it is a folder');
    await expect(write('/dev/null')).rejects.toThrow('it is no file');
    await expect(write(join(folder.path, 'missing/out'))).rejects.toThrow('no such file or folder');
    await expect(write(join(file, 'out'))).rejects.toThrow('a part of the path is no folder');
    await expect(write(join(folder.path, 'n'.repeat(300)))).rejects.toThrow(CommandError);
    const dangling = join(folder.path, `dangling-${name}`);
    symlinkSync(join(folder.path, 'nowhere'), dangling);
    await expect(write(dangling)).rejects.toThrow('it is a link to nothing');
    expect(readFileSync(file, 'utf8')).toBe('kept');
  });

  it('a read-only file is kept', async () => {
    const file = folder.file('read-only', 'kept');
    chmodSync(file, 0o444);
    await expect(writeFileAtomically(file, 'x')).rejects.toThrow('it is read-only');
    expect(readFileSync(file, 'utf8')).toBe('kept');
  });

  it('checkWritable changes nothing', async () => {
    const file = folder.file('untouched', 'kept');
    const names = readdirSync(folder.path);
    await checkWritable(file);
    await checkWritable(join(folder.path, 'new'));
    expect(readdirSync(folder.path)).toEqual(names);
    expect(readFileSync(file, 'utf8')).toBe('kept');
  });
});

describe('isSameFile', () => {
  const folder = temporaryFolder();

  it('sees through spelling, links and hard links', async () => {
    const file = folder.file('a', '1');
    symlinkSync(file, join(folder.path, 'symbolic'));
    linkSync(file, join(folder.path, 'hard'));
    expect(await isSameFile(file, `${folder.path}/./x/../a`)).toBe(true);
    expect(await isSameFile(file, join(folder.path, 'symbolic'))).toBe(true);
    expect(await isSameFile(file, join(folder.path, 'hard'))).toBe(true);
    expect(await isSameFile(join(folder.path, 'new'), join(folder.path, 'new'))).toBe(true);
  });

  it('tells files apart, even of equal content', async () => {
    expect(await isSameFile(folder.file('b', '1'), folder.file('c', '1'))).toBe(false);
    expect(await isSameFile(folder.file('d', '1'), join(folder.path, 'nowhere'))).toBe(false);
  });
});
