using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;

namespace QuestDB
{
    /// <summary>Memory outside the heap for the arguments of a call or a row: taken bit by bit, given back all at once.</summary>
    internal sealed unsafe class Scratch
    {
        private readonly List<IntPtr> full = new List<IntPtr>();
        private byte* block;
        private int capacity = 1024;
        private int used;

        internal Scratch()
        {
            block = (byte*)Marshal.AllocHGlobal(capacity);
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
        internal byte* Take(int size)
        {
            if (size > capacity - used)
            {
                full.Add((IntPtr)block);
                capacity = checked((2 * capacity) + size);
                block = (byte*)Marshal.AllocHGlobal(capacity);
                used = 0;
            }
            var room = block + used;
            used = Math.Min((used + size + 7) & ~7, capacity);
            return room;
        }

        internal byte* Text(string text)
        {
            var room = Take(text.Length);
            for (var i = 0; i < text.Length; i++)
            {
                if (text[i] >= 0x80)
                {
                    return Bytes(Encoding.UTF8.GetBytes(text));
                }
                room[i] = (byte)text[i];
            }
            Length = (UIntPtr)text.Length;
            return room;
        }

        internal byte* Bytes(byte[] bytes)
        {
            var room = Take(bytes.Length);
            Marshal.Copy(bytes, 0, (IntPtr)room, bytes.Length);
            Length = (UIntPtr)bytes.Length;
            return room;
        }

        /// <summary>Without a shape the array has one dimension.</summary>
        internal DoubleArray* Array(double[] values, int[] shape)
        {
            if (shape.Length == 0)
            {
                shape = new[] { values.Length };
            }
            var array = (DoubleArray*)Take(sizeof(DoubleArray));
            var sizes = (UIntPtr*)Take(sizeof(UIntPtr) * shape.Length);
            for (var i = 0; i < shape.Length; i++)
            {
                sizes[i] = (UIntPtr)(ulong)shape[i];
            }
            var data = Take(sizeof(double) * values.Length);
            Marshal.Copy(values, 0, (IntPtr)data, values.Length);
            *array = new DoubleArray
            {
                Dimensions = (UIntPtr)shape.Length,
                Shape = sizes,
                Data = data,
                DataLength = (UIntPtr)(sizeof(double) * values.Length),
            };
            return array;
        }
    }
}
