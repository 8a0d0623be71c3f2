using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace QuestDB
{
    /// <summary>Memory outside the heap for the arguments of a call or a row: taken bit by bit, given back all at once.</summary>
    internal sealed unsafe class Scratch
    {
        private readonly List<IntPtr> full = new List<IntPtr>();
        private byte* block;
        private long capacity = 1024;
        private long used;

        internal Scratch()
        {
            block = (byte*)Marshal.AllocHGlobal((IntPtr)capacity);
        }

        ~Scratch()
        {
            Clear();
            Marshal.FreeHGlobal((IntPtr)block);
        }

        /// <summary>Bytes of the last text or value.</summary>
        internal UIntPtr Length { get; private set; }

        internal void Clear()
        {
            used = 0;
            if (full.Count > 0)
            {
                full.ForEach(Marshal.FreeHGlobal);
                full.Clear();
            }
        }

        /// <summary>Aligned for every type. What was taken before stays where it is.</summary>
        internal byte* Take(long size)
        {
            if (size > capacity - used)
            {
                Grow(size);
            }
            var room = block + used;
            used = Math.Min((used + size + 7) & ~7L, capacity);
            return room;
        }

        /// <summary>The only text of a call.</summary>
        internal byte* Fresh(string text, string parameter)
        {
            Clear();
            return Text(text, parameter);
        }

        /// <summary>Whether Text will need no more memory.</summary>
        internal bool Fits(string text) => 3L * text.Length <= capacity - used;

        internal void MakeRoom(string text) => Grow(3L * text.Length);

        internal byte* Text(string text, string parameter)
        {
            if (text == null)
            {
                throw new ArgumentNullException(parameter);
            }
            var room = Take(3L * text.Length); // UTF-8 needs at most three bytes for a char
            var length = Encode(text, room);
            used = Math.Min((room - block + length + 7) & ~7L, capacity);
            Length = (UIntPtr)(ulong)length;
            return room;
        }

        /// <summary>
        /// Writes UTF-8 and returns how many bytes. A surrogate without its partner becomes three bytes that are not UTF-8, so
        /// that the library refuses the text as it refuses wrong bytes from C, with the place; Encoding.UTF8 would store U+FFFD
        /// in its stead.
        /// </summary>
        internal static long Encode(string text, byte* room)
        {
            var length = text.Length;
            var at = room;
            fixed (char* chars = text)
            {
                var i = 0;
                for (; i + 4 <= length && (*(ulong*)(chars + i) & 0xFF80FF80FF80FF80) == 0; i += 4)
                {
                    at[0] = (byte)chars[i];
                    at[1] = (byte)chars[i + 1];
                    at[2] = (byte)chars[i + 2];
                    at[3] = (byte)chars[i + 3];
                    at += 4;
                }
                for (; i < length; i++)
                {
                    int c = chars[i];
                    if (c < 0x80)
                    {
                        *at++ = (byte)c;
                        continue;
                    }
                    if (c < 0x800)
                    {
                        *at++ = (byte)(0xC0 | (c >> 6));
                    }
                    else
                    {
                        if (char.IsHighSurrogate((char)c) && i + 1 < length && char.IsLowSurrogate(chars[i + 1]))
                        {
                            c = char.ConvertToUtf32((char)c, chars[++i]);
                            *at++ = (byte)(0xF0 | (c >> 18));
                            *at++ = (byte)(0x80 | ((c >> 12) & 0x3F));
                        }
                        else
                        {
                            *at++ = (byte)(0xE0 | (c >> 12));
                        }
                        *at++ = (byte)(0x80 | ((c >> 6) & 0x3F));
                    }
                    *at++ = (byte)(0x80 | (c & 0x3F));
                }
            }
            return at - room;
        }

        internal byte* Bytes(byte[] bytes, string parameter)
        {
            if (bytes == null)
            {
                throw new ArgumentNullException(parameter);
            }
            var room = Take(bytes.Length);
            Marshal.Copy(bytes, 0, (IntPtr)room, bytes.Length);
            Length = (UIntPtr)(uint)bytes.Length;
            return room;
        }

        /// <summary>Without a shape the array has one dimension.</summary>
        internal DoubleArray* Array(double[] values, int[] shape)
        {
            if (shape == null || shape.Length == 0)
            {
                shape = new[] { values.Length };
            }
            var data = Take(sizeof(double) * (long)values.Length);
            Marshal.Copy(values, 0, (IntPtr)data, values.Length);
            return Array(data, values.Length, shape);
        }

        /// <summary>A rectangular array of doubles of any rank, such as double[,].</summary>
        internal DoubleArray* Array(Array values)
        {
            if (values.GetType().GetElementType() != typeof(double))
            {
                throw new QuestDBException(
                    ErrorCode.InvalidArray, $"an array of {values.GetType().GetElementType().Name} is not an array of doubles");
            }
            var shape = new int[values.Rank];
            for (var i = 0; i < shape.Length; i++)
            {
                shape[i] = values.GetLength(i);
            }
            var bytes = sizeof(double) * values.LongLength;
            var data = Take(bytes);
            var pin = GCHandle.Alloc(values, GCHandleType.Pinned);
            try
            {
                Buffer.MemoryCopy((void*)pin.AddrOfPinnedObject(), data, bytes, bytes);
            }
            finally
            {
                pin.Free();
            }
            return Array(data, values.LongLength, shape);
        }

        private DoubleArray* Array(byte* data, long count, int[] shape)
        {
            var array = (DoubleArray*)Take(sizeof(DoubleArray));
            var sizes = (UIntPtr*)Take(sizeof(UIntPtr) * (long)shape.Length);
            decimal elements = 1;
            for (var i = 0; i < shape.Length; i++)
            {
                if (shape[i] < 0)
                {
                    throw new QuestDBException(ErrorCode.InvalidArray, $"dimension {i} of the array has {shape[i]} elements");
                }
                sizes[i] = (UIntPtr)(uint)shape[i];
                elements = Math.Min(elements * shape[i], long.MaxValue);
            }
            if (elements != count)
            {
                // The library accepts more values than the shape has, as in a larger array; here they are taken for a
                // mistake.
                throw new QuestDBException(
                    ErrorCode.InvalidArray, $"an array of {string.Join("x", shape)} elements was given {count} values");
            }
            *array = new DoubleArray
            {
                Dimensions = (UIntPtr)(uint)shape.Length,
                Shape = sizes,
                Data = data,
                DataLength = (UIntPtr)(ulong)(sizeof(double) * count),
            };
            return array;
        }

        private void Grow(long size)
        {
            var next = (2 * capacity) + size;
            var memory = (byte*)Marshal.AllocHGlobal((IntPtr)next);
            full.Add((IntPtr)block);
            block = memory;
            capacity = next;
            used = 0;
        }
    }
}
