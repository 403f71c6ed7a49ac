MLFF_KERNEL(phase_0, kMinBlocks, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, const real* MLFF_RESTRICT c0, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c3, const real* MLFF_RESTRICT c4,
            const real* MLFF_RESTRICT c5, const real* MLFF_RESTRICT c6, const real* MLFF_RESTRICT c7,
            const real* MLFF_RESTRICT c8, const real* MLFF_RESTRICT c9, const real* MLFF_RESTRICT c10,
            const real* MLFF_RESTRICT c11, const real* MLFF_RESTRICT c12, const real* MLFF_RESTRICT c13,
            const real* MLFF_RESTRICT c14, real* MLFF_RESTRICT b0, real* MLFF_RESTRICT b1, real* MLFF_RESTRICT b2,
            real* MLFF_RESTRICT b3, real* MLFF_RESTRICT b4, real* MLFF_RESTRICT b5, real* MLFF_RESTRICT b6,
            real* MLFF_RESTRICT b7, real* MLFF_RESTRICT b8, real* MLFF_RESTRICT b9, real* MLFF_RESTRICT b10,
            real* MLFF_RESTRICT b11) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real basis[5 + 1];
    int j, row;
  };
  constexpr int kTileNumbers = 48;   // of tile arrays, an atom
  constexpr int kSumNumbers = 0;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;    // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  fetch_ahead(ring, first_steps<8, 8, 2>(c0));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a10[slots<8>()] = {};
    real a14x[slots<8>()] = {};
    real a14y[slots<8>()] = {};
    real a14z[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real at = (p.r - 0.1f) * 13.0612245f;
        p.row = spline_interval(at, 64);
        real basis[5 + 1], slope[5 + 1];
        spline_basis<5>(at - (real)p.row, basis, slope);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.basis[k] = basis[k];
      }
      team_barrier();

      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_CHANNEL(c, f, 8) {
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const real v3 = c1[row_of(element[p.j], 8) + f];
            const real v4 = spline_sum<5>(p.basis, c2 + p.row * 8 + f, 8);
            const real v5 = v3 * v4;
            const real v7 = c3[row_of(element[p.j], 8) + f];
            const real v8 = spline_sum<5>(p.basis, c4 + p.row * 8 + f, 8);
            const real v9 = v7 * v8;
            const real v13x = v9 * p.ux;
            const real v13y = v9 * p.uy;
            const real v13z = v9 * p.uz;
            a10[c] += v5;
            a14x[c] += v13x;
            a14y[c] += v13y;
            a14z[c] += v13z;
          }
        }
      };
      int p0 = 0;
      for (; p0 + kPairBatch <= count; p0 += kPairBatch) batch(Count<kPairBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
    }
    MLFF_EACH_CHANNEL(c, f, 8) { tile[0 * kTile + t * 8 + f] = a10[c]; }
    MLFF_EACH_CHANNEL(c, f, 8) {
      tile[8 * kTile + t * 24 + f] = a14x[c];
      tile[8 * kTile + t * 24 + 8 + f] = a14y[c];
      tile[8 * kTile + t * 24 + 16 + f] = a14z[c];
    }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v0 = c5[row_of(element[i], 8) + f];
      const real v10 = tile[0 * kTile + t * 8 + f];
      const real v11 = v0 + v10;
      tile[0 * kTile + t * 8 + f] = v11;
    }
  }
  block_barrier();
  linear_tile<8, 8, 2>(rows * 3, in_shared(tile + 8 * kTile), c0, nullptr, false, ring, first_steps<8, 8, 1>(c6),
                       b0 + row_of(first, 24), b1 + row_of(first, 24));
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v15x = b0[row_of(i, 24) + f];
      const real v15y = b0[row_of(i, 24) + 8 + f];
      const real v15z = b0[row_of(i, 24) + 16 + f];
      const real v17 = v15x * v15x + v15y * v15y + v15z * v15z;
      const real v19 = v17 + 1e-08f;
      const real v20 = m_sqrt(v19);
      tile[32 * kTile + t * 8 + f] = v20;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows, in_shared(tile + 0 * kTile), c6, c7, false, ring, first_steps<8, 8, 1>(c8),
                       tile + 40 * kTile);
  linear_tile<8, 8, 1>(rows, in_shared(tile + 32 * kTile), c8, nullptr, true, ring, first_steps<8, 8, 3>(c9),
                       tile + 40 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v21 = tile[40 * kTile + t * 8 + f];
      const real v22 = m_silu(v21);
      const real v134 = m_sigmoid(v21);
      const real v135 = -v134;
      const real v136 = 1.0f + v135;
      const real v137 = v21 * v136;
      const real v138 = 1.0f + v137;
      const real v139 = v134 * v138;
      tile[32 * kTile + t * 8 + f] = v22;
      b11[row_of(i, 8) + f] = v139;
    }
  }
  block_barrier();
  linear_tile<8, 8, 3>(rows, in_shared(tile + 32 * kTile), c9, c10, false, ring, first_steps<8, 8, 1>(c11),
                       b2 + row_of(first, 8), b3 + row_of(first, 8), tile + 40 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v11 = tile[0 * kTile + t * 8 + f];
      const real v24 = b3[row_of(i, 8) + f];
      const real v15x = b0[row_of(i, 24) + f];
      const real v15y = b0[row_of(i, 24) + 8 + f];
      const real v15z = b0[row_of(i, 24) + 16 + f];
      const real v16x = b1[row_of(i, 24) + f];
      const real v16y = b1[row_of(i, 24) + 8 + f];
      const real v16z = b1[row_of(i, 24) + 16 + f];
      const real v25 = v15x * v16x + v15y * v16y + v15z * v16z;
      const real v26 = v24 * v25;
      const real v27 = v11 + v26;
      const real v28 = tile[40 * kTile + t * 8 + f];
      const real v29 = v27 + v28;
      const real v14x = tile[8 * kTile + t * 24 + f];
      const real v14y = tile[8 * kTile + t * 24 + 8 + f];
      const real v14z = tile[8 * kTile + t * 24 + 16 + f];
      const real v23 = b2[row_of(i, 8) + f];
      const real v30x = v16x * v23;
      const real v30y = v16y * v23;
      const real v30z = v16z * v23;
      const real v31x = v14x + v30x;
      const real v31y = v14y + v30y;
      const real v31z = v14z + v30z;
      b4[row_of(i, 8) + f] = v29;
      b5[row_of(i, 24) + f] = v31x;
      b5[row_of(i, 24) + 8 + f] = v31y;
      b5[row_of(i, 24) + 16 + f] = v31z;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows, b4 + row_of(first, 8), c11, c12, false, ring, first_steps<8, 8, 3>(c13), tile + 0 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v32 = tile[0 * kTile + t * 8 + f];
      const real v33 = m_silu(v32);
      const real v117 = m_sigmoid(v32);
      const real v118 = -v117;
      const real v119 = 1.0f + v118;
      const real v120 = v32 * v119;
      const real v121 = 1.0f + v120;
      const real v122 = v117 * v121;
      tile[0 * kTile + t * 8 + f] = v33;
      b10[row_of(i, 8) + f] = v122;
    }
  }
  block_barrier();
  linear_tile<8, 8, 3>(rows, in_shared(tile + 0 * kTile), c13, c14, false, ring, no_steps(), b6 + row_of(first, 8),
                       b7 + row_of(first, 8), b8 + row_of(first, 8));
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v31x = b5[row_of(i, 24) + f];
      const real v31y = b5[row_of(i, 24) + 8 + f];
      const real v31z = b5[row_of(i, 24) + 16 + f];
      const real v42 = b8[row_of(i, 8) + f];
      const real v47x = v31x * v42;
      const real v47y = v31y * v42;
      const real v47z = v31z * v42;
      b9[row_of(i, 24) + f] = v47x;
      b9[row_of(i, 24) + 8 + f] = v47y;
      b9[row_of(i, 24) + 16 + f] = v47z;
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_1, kMinBlocks, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT atom_energy, const real* MLFF_RESTRICT c15, const real* MLFF_RESTRICT c16,
            const real* MLFF_RESTRICT c17, const real* MLFF_RESTRICT c18, const real* MLFF_RESTRICT c19,
            const real* MLFF_RESTRICT c20, const real* MLFF_RESTRICT c21, const real* MLFF_RESTRICT c22,
            const real* MLFF_RESTRICT c23, const real* MLFF_RESTRICT c24, const real* MLFF_RESTRICT c25,
            const real* MLFF_RESTRICT c26, const real* MLFF_RESTRICT c27, const real* MLFF_RESTRICT c28,
            const real* MLFF_RESTRICT c29, const real* MLFF_RESTRICT c30, const real* MLFF_RESTRICT c31,
            const real* MLFF_RESTRICT c32, const real* MLFF_RESTRICT c33, const real* MLFF_RESTRICT b4,
            const real* MLFF_RESTRICT b5, const real* MLFF_RESTRICT b6, const real* MLFF_RESTRICT b7,
            const real* MLFF_RESTRICT b9, real* MLFF_RESTRICT b12, real* MLFF_RESTRICT b13) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real basis[5 + 1];
    int j, row;
  };
  constexpr int kTileNumbers = 128;  // of tile arrays, an atom
  constexpr int kSumNumbers = 0;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;    // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  fetch_ahead(ring, first_steps<8, 8, 2>(c15));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a44[slots<8>()] = {};
    real a51x[slots<8>()] = {};
    real a51y[slots<8>()] = {};
    real a51z[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real at = (p.r - 0.1f) * 13.0612245f;
        p.row = spline_interval(at, 64);
        real basis[5 + 1], slope[5 + 1];
        spline_basis<5>(at - (real)p.row, basis, slope);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.basis[k] = basis[k];
      }
      team_barrier();

      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_CHANNEL(c, f, 8) {
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const real v35 = b6[row_of(p.j, 8) + f];
            const real v36 = spline_sum<5>(p.basis, c16 + p.row * 8 + f, 8);
            const real v37 = v35 * v36;
            const real v39 = b7[row_of(p.j, 8) + f];
            const real v40 = spline_sum<5>(p.basis, c17 + p.row * 8 + f, 8);
            const real v41 = v39 * v40;
            const real v46x = p.ux * v41;
            const real v46y = p.uy * v41;
            const real v46z = p.uz * v41;
            const real v43 = spline_sum<5>(p.basis, c18 + p.row * 8 + f, 8);
            const real v48x = b9[row_of(p.j, 24) + f];
            const real v48y = b9[row_of(p.j, 24) + 8 + f];
            const real v48z = b9[row_of(p.j, 24) + 16 + f];
            const real v49x = v43 * v48x;
            const real v49y = v43 * v48y;
            const real v49z = v43 * v48z;
            const real v50x = v46x + v49x;
            const real v50y = v46y + v49y;
            const real v50z = v46z + v49z;
            a44[c] += v37;
            a51x[c] += v50x;
            a51y[c] += v50y;
            a51z[c] += v50z;
          }
        }
      };
      int p0 = 0;
      for (; p0 + kPairBatch <= count; p0 += kPairBatch) batch(Count<kPairBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
    }
    MLFF_EACH_CHANNEL(c, f, 8) { tile[0 * kTile + t * 8 + f] = a44[c]; }
    MLFF_EACH_CHANNEL(c, f, 8) {
      tile[8 * kTile + t * 24 + f] = a51x[c];
      tile[8 * kTile + t * 24 + 8 + f] = a51y[c];
      tile[8 * kTile + t * 24 + 16 + f] = a51z[c];
    }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v29 = b4[row_of(i, 8) + f];
      const real v44 = tile[0 * kTile + t * 8 + f];
      const real v45 = v29 + v44;
      const real v31x = b5[row_of(i, 24) + f];
      const real v31y = b5[row_of(i, 24) + 8 + f];
      const real v31z = b5[row_of(i, 24) + 16 + f];
      const real v51x = tile[8 * kTile + t * 24 + f];
      const real v51y = tile[8 * kTile + t * 24 + 8 + f];
      const real v51z = tile[8 * kTile + t * 24 + 16 + f];
      const real v52x = v31x + v51x;
      const real v52y = v31y + v51y;
      const real v52z = v31z + v51z;
      tile[0 * kTile + t * 8 + f] = v45;
      tile[8 * kTile + t * 24 + f] = v52x;
      tile[8 * kTile + t * 24 + 8 + f] = v52y;
      tile[8 * kTile + t * 24 + 16 + f] = v52z;
    }
  }
  block_barrier();
  linear_tile<8, 8, 2>(rows * 3, in_shared(tile + 8 * kTile), c15, nullptr, false, ring, first_steps<8, 8, 1>(c19),
                       tile + 32 * kTile, tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v53x = tile[32 * kTile + t * 24 + f];
      const real v53y = tile[32 * kTile + t * 24 + 8 + f];
      const real v53z = tile[32 * kTile + t * 24 + 16 + f];
      const real v55 = v53x * v53x + v53y * v53y + v53z * v53z;
      const real v56 = 1e-08f + v55;
      const real v57 = m_sqrt(v56);
      const real v54x = tile[56 * kTile + t * 24 + f];
      const real v54y = tile[56 * kTile + t * 24 + 8 + f];
      const real v54z = tile[56 * kTile + t * 24 + 16 + f];
      const real v61 = v53x * v54x + v53y * v54y + v53z * v54z;
      tile[8 * kTile + t * 8 + f] = v55;
      tile[16 * kTile + t * 8 + f] = v57;
      tile[24 * kTile + t * 8 + f] = v61;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows, in_shared(tile + 0 * kTile), c19, c20, false, ring, first_steps<8, 8, 1>(c21),
                       tile + 80 * kTile);
  linear_tile<8, 8, 1>(rows, in_shared(tile + 16 * kTile), c21, nullptr, true, ring, first_steps<8, 8, 2>(c22),
                       tile + 80 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v58 = tile[80 * kTile + t * 8 + f];
      const real v59 = m_silu(v58);
      tile[16 * kTile + t * 8 + f] = v59;
    }
  }
  block_barrier();
  linear_tile<8, 8, 2>(rows, in_shared(tile + 16 * kTile), c22, c23, false, ring, first_steps<8, 5, 1>(c24),
                       tile + 88 * kTile, tile + 96 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v45 = tile[0 * kTile + t * 8 + f];
      const real v60 = tile[88 * kTile + t * 8 + f];
      const real v61 = tile[24 * kTile + t * 8 + f];
      const real v62 = v60 * v61;
      const real v63 = v45 + v62;
      const real v64 = tile[96 * kTile + t * 8 + f];
      const real v65 = v63 + v64;
      tile[0 * kTile + t * 8 + f] = v65;
    }
  }
  block_barrier();
  linear_tile<8, 5, 1>(rows, in_shared(tile + 0 * kTile), c24, c25, false, ring, first_steps<5, 1, 1>(c26),
                       tile + 16 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 5) {
      const real v66 = tile[16 * kTile + t * 5 + f];
      const real v67 = m_silu(v66);
      const real v71 = c27[f];
      const real v72 = m_sigmoid(v66);
      const real v73 = -v72;
      const real v74 = 1.0f + v73;
      const real v75 = v66 * v74;
      const real v76 = 1.0f + v75;
      const real v77 = v72 * v76;
      const real v78 = v71 * v77;
      tile[0 * kTile + t * 5 + f] = v67;
      tile[16 * kTile + t * 5 + f] = v78;
    }
  }
  block_barrier();
  linear_tile<5, 1, 1>(rows, in_shared(tile + 0 * kTile), c26, nullptr, false, ring, first_steps<5, 8, 1>(c28),
                       tile + 5 * kTile);
  linear_tile<5, 8, 1>(rows, in_shared(tile + 16 * kTile), c28, nullptr, false, ring, first_steps<8, 8, 1>(c29),
                       tile + 96 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v61 = tile[24 * kTile + t * 8 + f];
      const real v79 = tile[96 * kTile + t * 8 + f];
      const real v80 = v61 * v79;
      const real v53x = tile[32 * kTile + t * 24 + f];
      const real v53y = tile[32 * kTile + t * 24 + 8 + f];
      const real v53z = tile[32 * kTile + t * 24 + 16 + f];
      const real v60 = tile[88 * kTile + t * 8 + f];
      const real v81 = v60 * v79;
      const real v83x = v53x * v81;
      const real v83y = v53y * v81;
      const real v83z = v53z * v81;
      tile[16 * kTile + t * 8 + f] = v80;
      tile[104 * kTile + t * 24 + f] = v83x;
      tile[104 * kTile + t * 24 + 8 + f] = v83y;
      tile[104 * kTile + t * 24 + 16 + f] = v83z;
    }
    MLFF_EACH_CHANNEL(c, f, 1) {
      const real v68 = tile[5 * kTile + t * 1];
      atom_energy[i] = v68;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows, in_shared(tile + 16 * kTile), c29, nullptr, false, ring, first_steps<8, 8, 1>(c30),
                       tile + 0 * kTile);
  linear_tile<8, 8, 1>(rows, in_shared(tile + 96 * kTile), c30, nullptr, true, ring, first_steps<8, 8, 2>(c31),
                       tile + 0 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v84 = tile[0 * kTile + t * 8 + f];
      const real v58 = tile[80 * kTile + t * 8 + f];
      const real v85 = m_sigmoid(v58);
      const real v86 = -v85;
      const real v87 = 1.0f + v86;
      const real v88 = v58 * v87;
      const real v89 = 1.0f + v88;
      const real v90 = v85 * v89;
      const real v91 = v84 * v90;
      tile[0 * kTile + t * 8 + f] = v91;
    }
  }
  block_barrier();
  linear_tile<8, 8, 2>(rows, in_shared(tile + 0 * kTile), c31, nullptr, false, ring, first_steps<8, 8, 1>(c32),
                       tile + 16 * kTile, tile + 24 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v79 = tile[96 * kTile + t * 8 + f];
      const real v92 = tile[16 * kTile + t * 8 + f];
      const real v93 = v79 + v92;
      const real v53x = tile[32 * kTile + t * 24 + f];
      const real v53y = tile[32 * kTile + t * 24 + 8 + f];
      const real v53z = tile[32 * kTile + t * 24 + 16 + f];
      const real v94 = tile[24 * kTile + t * 8 + f];
      const real v55 = tile[8 * kTile + t * 8 + f];
      const real v56 = 1e-08f + v55;
      const real v95 = m_rsqrt(v56);
      const real v97 = v95 * 0.5f;
      const real v98 = v94 * v97;
      const real v99x = v53x * v98;
      const real v99y = v53y * v98;
      const real v99z = v53z * v98;
      const real v54x = tile[56 * kTile + t * 24 + f];
      const real v54y = tile[56 * kTile + t * 24 + 8 + f];
      const real v54z = tile[56 * kTile + t * 24 + 16 + f];
      const real v60 = tile[88 * kTile + t * 8 + f];
      const real v81 = v60 * v79;
      const real v82x = v54x * v81;
      const real v82y = v54y * v81;
      const real v82z = v54z * v81;
      const real v100x = v99x + v82x;
      const real v100y = v99y + v82y;
      const real v100z = v99z + v82z;
      const real v101x = v100x + v99x;
      const real v101y = v100y + v99y;
      const real v101z = v100z + v99z;
      b12[row_of(i, 8) + f] = v93;
      tile[32 * kTile + t * 24 + f] = v101x;
      tile[32 * kTile + t * 24 + 8 + f] = v101y;
      tile[32 * kTile + t * 24 + 16 + f] = v101z;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows * 3, in_shared(tile + 104 * kTile), c32, nullptr, false, ring, first_steps<8, 8, 1>(c33),
                       b13 + row_of(first, 24));
  linear_tile<8, 8, 1>(rows * 3, in_shared(tile + 32 * kTile), c33, nullptr, true, ring, no_steps(),
                       b13 + row_of(first, 24));
  block_barrier();
}

MLFF_KERNEL(phase_2, kMinBlocks, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c16, const real* MLFF_RESTRICT c17,
            const real* MLFF_RESTRICT c18, const real* MLFF_RESTRICT c34, const real* MLFF_RESTRICT c35,
            const real* MLFF_RESTRICT c36, const real* MLFF_RESTRICT c37, const real* MLFF_RESTRICT c38,
            const real* MLFF_RESTRICT c39, const real* MLFF_RESTRICT c40, const real* MLFF_RESTRICT c41,
            const real* MLFF_RESTRICT c42, const real* MLFF_RESTRICT c43, const real* MLFF_RESTRICT b0,
            const real* MLFF_RESTRICT b1, const real* MLFF_RESTRICT b2, const real* MLFF_RESTRICT b3,
            const real* MLFF_RESTRICT b5, const real* MLFF_RESTRICT b6, const real* MLFF_RESTRICT b7,
            const real* MLFF_RESTRICT b8, const real* MLFF_RESTRICT b9, const real* MLFF_RESTRICT b10,
            const real* MLFF_RESTRICT b11, const real* MLFF_RESTRICT b12, const real* MLFF_RESTRICT b13,
            real* MLFF_RESTRICT b14, real* MLFF_RESTRICT b15) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real basis[5 + 1];
    real slope[5 + 1];
    int j, row;
  };
  constexpr int kTileNumbers = 104;  // of tile arrays, an atom
  constexpr int kSumNumbers = 4;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;    // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  fetch_ahead(ring, first_steps<8, 8, 1>(c34));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a105x[slots<8>()] = {};
    real a105y[slots<8>()] = {};
    real a105z[slots<8>()] = {};
    real a111[slots<8>()] = {};
    real a115[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real at = (p.r - 0.1f) * 13.0612245f;
        p.row = spline_interval(at, 64);
        real basis[5 + 1], slope[5 + 1];
        spline_basis<5>(at - (real)p.row, basis, slope);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.basis[k] = basis[k];
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.slope[k] = slope[k] * 13.0612245f;
      }
      team_barrier();

      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        real part0[E * 4] = {};
        MLFF_EACH_CHANNEL(c, f, 8) {
          const real v47x = b9[row_of(i, 24) + f];
          const real v47y = b9[row_of(i, 24) + 8 + f];
          const real v47z = b9[row_of(i, 24) + 16 + f];
          const real v34 = b6[row_of(i, 8) + f];
          const real v38 = b7[row_of(i, 8) + f];
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const real v43 = spline_sum<5>(p.basis, c18 + p.row * 8 + f, 8);
            const real v103x = b13[row_of(p.j, 24) + f];
            const real v103y = b13[row_of(p.j, 24) + 8 + f];
            const real v103z = b13[row_of(p.j, 24) + 16 + f];
            const real v104x = v43 * v103x;
            const real v104y = v43 * v103y;
            const real v104z = v43 * v103z;
            const real v40 = spline_sum<5>(p.basis, c17 + p.row * 8 + f, 8);
            const real v109 = p.ux * v103x + p.uy * v103y + p.uz * v103z;
            const real v110 = v40 * v109;
            const real v36 = spline_sum<5>(p.basis, c16 + p.row * 8 + f, 8);
            const real v113 = b12[row_of(p.j, 8) + f];
            const real v114 = v36 * v113;
            const real v156 = spline_sum<5>(p.slope, c18 + p.row * 8 + f, 8);
            const real v159 = v103x * v47x + v103y * v47y + v103z * v47z;
            const real v160 = v156 * v159;
            const real v154 = spline_sum<5>(p.slope, c16 + p.row * 8 + f, 8);
            const real v162 = v113 * v154;
            const real v163 = v34 * v162;
            const real v168 = v160 + v163;
            const real v155 = spline_sum<5>(p.slope, c17 + p.row * 8 + f, 8);
            const real v165 = v109 * v155;
            const real v166 = v38 * v165;
            const real v167 = -v166;
            const real v169 = v168 + v167;
            const real v173 = v40 * v38;
            const real v174x = v103x * v173;
            const real v174y = v103y * v173;
            const real v174z = v103z * v173;
            a105x[c] += v104x;
            a105y[c] += v104y;
            a105z[c] += v104z;
            a111[c] += v110;
            a115[c] += v114;
            part0[e * 4 + 0] += v169;
            part0[e * 4 + 1] += v174x;
            part0[e * 4 + 2] += v174y;
            part0[e * 4 + 3] += v174z;
          }
        }
        leave_sums<4>(sums, p0, part0);
      };
      int p0 = 0;
      for (; p0 + kPairBatch <= count; p0 += kPairBatch) batch(Count<kPairBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
      MLFF_EACH_PAIR(e, count) {
        const Record& p = record[e];
        const int q = q0 + e;
        const real v170 = left_sum<4>(sums, e, 0);
        const real v175x = left_sum<4>(sums, e, 1);
        const real v175y = left_sum<4>(sums, e, 2);
        const real v175z = left_sum<4>(sums, e, 3);
        const real v171x = p.ux * v170;
        const real v171y = p.uy * v170;
        const real v171z = p.uz * v170;
        const real v172x = -v171x;
        const real v172y = -v171y;
        const real v172z = -v171z;
        const real v157 = m_reciprocal(p.r);
        const real v176 = p.ux * v175x + p.uy * v175y + p.uz * v175z;
        const real v177x = p.ux * v176;
        const real v177y = p.uy * v176;
        const real v177z = p.uz * v176;
        const real v178x = -v177x;
        const real v178y = -v177y;
        const real v178z = -v177z;
        const real v179x = v175x + v178x;
        const real v179y = v175y + v178y;
        const real v179z = v175z + v178z;
        const real v180x = v157 * v179x;
        const real v180y = v157 * v179y;
        const real v180z = v157 * v179z;
        const real v181x = v172x + v180x;
        const real v181y = v172y + v180y;
        const real v181z = v172z + v180z;
        pair_gradient[row_of(q, 3)] = v181x;
        pair_gradient[row_of(q, 3) + 1] = v181y;
        pair_gradient[row_of(q, 3) + 2] = v181z;
      }
    }
    MLFF_EACH_CHANNEL(c, f, 8) {
      tile[0 * kTile + t * 24 + f] = a105x[c];
      tile[0 * kTile + t * 24 + 8 + f] = a105y[c];
      tile[0 * kTile + t * 24 + 16 + f] = a105z[c];
    }
    MLFF_EACH_CHANNEL(c, f, 8) { tile[24 * kTile + t * 8 + f] = a111[c]; }
    MLFF_EACH_CHANNEL(c, f, 8) { tile[32 * kTile + t * 8 + f] = a115[c]; }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v102x = b13[row_of(i, 24) + f];
      const real v102y = b13[row_of(i, 24) + 8 + f];
      const real v102z = b13[row_of(i, 24) + 16 + f];
      const real v42 = b8[row_of(i, 8) + f];
      const real v105x = tile[0 * kTile + t * 24 + f];
      const real v105y = tile[0 * kTile + t * 24 + 8 + f];
      const real v105z = tile[0 * kTile + t * 24 + 16 + f];
      const real v106x = v42 * v105x;
      const real v106y = v42 * v105y;
      const real v106z = v42 * v105z;
      const real v107x = v102x + v106x;
      const real v107y = v102y + v106y;
      const real v107z = v102z + v106z;
      const real v31x = b5[row_of(i, 24) + f];
      const real v31y = b5[row_of(i, 24) + 8 + f];
      const real v31z = b5[row_of(i, 24) + 16 + f];
      const real v108 = v31x * v105x + v31y * v105y + v31z * v105z;
      const real v111 = tile[24 * kTile + t * 8 + f];
      const real v112 = -v111;
      const real v16x = b1[row_of(i, 24) + f];
      const real v16y = b1[row_of(i, 24) + 8 + f];
      const real v16z = b1[row_of(i, 24) + 16 + f];
      const real v127 = v16x * v107x + v16y * v107y + v16z * v107z;
      tile[0 * kTile + t * 24 + f] = v107x;
      tile[0 * kTile + t * 24 + 8 + f] = v107y;
      tile[0 * kTile + t * 24 + 16 + f] = v107z;
      tile[24 * kTile + t * 8 + f] = v108;
      tile[40 * kTile + t * 8 + f] = v112;
      tile[48 * kTile + t * 8 + f] = v127;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows, in_shared(tile + 24 * kTile), c34, nullptr, false, ring, first_steps<8, 8, 1>(c35),
                       tile + 56 * kTile);
  linear_tile<8, 8, 1>(rows, in_shared(tile + 40 * kTile), c35, nullptr, true, ring, first_steps<8, 8, 1>(c36),
                       tile + 56 * kTile);
  linear_tile<8, 8, 1>(rows, in_shared(tile + 32 * kTile), c36, nullptr, true, ring, first_steps<8, 8, 1>(c37),
                       tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v116 = tile[56 * kTile + t * 8 + f];
      const real v122 = b10[row_of(i, 8) + f];
      const real v123 = v116 * v122;
      tile[24 * kTile + t * 8 + f] = v123;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows, in_shared(tile + 24 * kTile), c37, nullptr, false, ring, first_steps<8, 8, 1>(c38),
                       tile + 32 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v93 = b12[row_of(i, 8) + f];
      const real v124 = tile[32 * kTile + t * 8 + f];
      const real v125 = v93 + v124;
      const real v15x = b0[row_of(i, 24) + f];
      const real v15y = b0[row_of(i, 24) + 8 + f];
      const real v15z = b0[row_of(i, 24) + 16 + f];
      const real v16x = b1[row_of(i, 24) + f];
      const real v16y = b1[row_of(i, 24) + 8 + f];
      const real v16z = b1[row_of(i, 24) + 16 + f];
      const real v25 = v15x * v16x + v15y * v16y + v15z * v16z;
      const real v128 = v25 * v125;
      const real v23 = b2[row_of(i, 8) + f];
      const real v107x = tile[0 * kTile + t * 24 + f];
      const real v107y = tile[0 * kTile + t * 24 + 8 + f];
      const real v107z = tile[0 * kTile + t * 24 + 16 + f];
      const real v126x = v23 * v107x;
      const real v126y = v23 * v107y;
      const real v126z = v23 * v107z;
      const real v24 = b3[row_of(i, 8) + f];
      const real v129 = v24 * v125;
      const real v131x = v15x * v129;
      const real v131y = v15y * v129;
      const real v131z = v15z * v129;
      const real v132x = v126x + v131x;
      const real v132y = v126y + v131y;
      const real v132z = v126z + v131z;
      tile[24 * kTile + t * 8 + f] = v125;
      tile[32 * kTile + t * 8 + f] = v128;
      tile[56 * kTile + t * 24 + f] = v132x;
      tile[56 * kTile + t * 24 + 8 + f] = v132y;
      tile[56 * kTile + t * 24 + 16 + f] = v132z;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows, in_shared(tile + 32 * kTile), c38, nullptr, false, ring, first_steps<8, 8, 1>(c39),
                       tile + 40 * kTile);
  linear_tile<8, 8, 1>(rows, in_shared(tile + 48 * kTile), c39, nullptr, true, ring, first_steps<8, 8, 1>(c40),
                       tile + 40 * kTile);
  linear_tile<8, 8, 1>(rows, in_shared(tile + 24 * kTile), c40, nullptr, true, ring, first_steps<8, 8, 2>(c41),
                       tile + 40 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v133 = tile[40 * kTile + t * 8 + f];
      const real v139 = b11[row_of(i, 8) + f];
      const real v140 = v133 * v139;
      tile[32 * kTile + t * 8 + f] = v140;
    }
  }
  block_barrier();
  linear_tile<8, 8, 2>(rows, in_shared(tile + 32 * kTile), c41, nullptr, false, ring, first_steps<8, 8, 1>(c42),
                       tile + 40 * kTile, tile + 48 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v125 = tile[24 * kTile + t * 8 + f];
      const real v141 = tile[40 * kTile + t * 8 + f];
      const real v142 = v125 + v141;
      const real v15x = b0[row_of(i, 24) + f];
      const real v15y = b0[row_of(i, 24) + 8 + f];
      const real v15z = b0[row_of(i, 24) + 16 + f];
      const real v143 = tile[48 * kTile + t * 8 + f];
      const real v17 = v15x * v15x + v15y * v15y + v15z * v15z;
      const real v19 = v17 + 1e-08f;
      const real v144 = m_rsqrt(v19);
      const real v145 = 0.5f * v144;
      const real v146 = v143 * v145;
      const real v147x = v15x * v146;
      const real v147y = v15y * v146;
      const real v147z = v15z * v146;
      const real v16x = b1[row_of(i, 24) + f];
      const real v16y = b1[row_of(i, 24) + 8 + f];
      const real v16z = b1[row_of(i, 24) + 16 + f];
      const real v24 = b3[row_of(i, 8) + f];
      const real v129 = v24 * v125;
      const real v130x = v16x * v129;
      const real v130y = v16y * v129;
      const real v130z = v16z * v129;
      const real v148x = v147x + v130x;
      const real v148y = v147y + v130y;
      const real v148z = v147z + v130z;
      const real v149x = v148x + v147x;
      const real v149y = v148y + v147y;
      const real v149z = v148z + v147z;
      b14[row_of(i, 8) + f] = v142;
      tile[80 * kTile + t * 24 + f] = v149x;
      tile[80 * kTile + t * 24 + 8 + f] = v149y;
      tile[80 * kTile + t * 24 + 16 + f] = v149z;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows * 3, in_shared(tile + 56 * kTile), c42, nullptr, false, ring, first_steps<8, 8, 1>(c43),
                       tile + 24 * kTile);
  linear_tile<8, 8, 1>(rows * 3, in_shared(tile + 80 * kTile), c43, nullptr, true, ring, no_steps(), tile + 24 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v107x = tile[0 * kTile + t * 24 + f];
      const real v107y = tile[0 * kTile + t * 24 + 8 + f];
      const real v107z = tile[0 * kTile + t * 24 + 16 + f];
      const real v150x = tile[24 * kTile + t * 24 + f];
      const real v150y = tile[24 * kTile + t * 24 + 8 + f];
      const real v150z = tile[24 * kTile + t * 24 + 16 + f];
      const real v151x = v107x + v150x;
      const real v151y = v107y + v150y;
      const real v151z = v107z + v150z;
      b15[row_of(i, 24) + f] = v151x;
      b15[row_of(i, 24) + 8 + f] = v151y;
      b15[row_of(i, 24) + 16 + f] = v151z;
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_3, kMinPairBlocks, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c3, const real* MLFF_RESTRICT c4,
            const real* MLFF_RESTRICT b14, const real* MLFF_RESTRICT b15) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real basis[5 + 1];
    real slope[5 + 1];
    int j, row;
  };
  constexpr int kTileNumbers = 0;  // of tile arrays, an atom
  constexpr int kSumNumbers = 4;   // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 0;  // of team arrays, a pair of a batch
  constexpr int kRing = 0;         // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;

    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real at = (p.r - 0.1f) * 13.0612245f;
        p.row = spline_interval(at, 64);
        real basis[5 + 1], slope[5 + 1];
        spline_basis<5>(at - (real)p.row, basis, slope);
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.basis[k] = basis[k];
        MLFF_UNROLL for (int k = 0; k <= 5; ++k) p.slope[k] = slope[k] * 13.0612245f;
      }
      team_barrier();

      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        real part0[E * 4] = {};
        MLFF_EACH_CHANNEL(c, f, 8) {
          const real v2 = c1[row_of(element[i], 8) + f];
          const real v6 = c3[row_of(element[i], 8) + f];
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const real v152 = spline_sum<5>(p.slope, c2 + p.row * 8 + f, 8);
            const real v183 = b14[row_of(p.j, 8) + f];
            const real v184 = v152 * v183;
            const real v185 = v2 * v184;
            const real v153 = spline_sum<5>(p.slope, c4 + p.row * 8 + f, 8);
            const real v187x = b15[row_of(p.j, 24) + f];
            const real v187y = b15[row_of(p.j, 24) + 8 + f];
            const real v187z = b15[row_of(p.j, 24) + 16 + f];
            const real v188 = p.ux * v187x + p.uy * v187y + p.uz * v187z;
            const real v189 = v153 * v188;
            const real v190 = v6 * v189;
            const real v191 = -v190;
            const real v192 = v185 + v191;
            const real v8 = spline_sum<5>(p.basis, c4 + p.row * 8 + f, 8);
            const real v196 = v8 * v6;
            const real v197x = v187x * v196;
            const real v197y = v187y * v196;
            const real v197z = v187z * v196;
            part0[e * 4 + 0] += v192;
            part0[e * 4 + 1] += v197x;
            part0[e * 4 + 2] += v197y;
            part0[e * 4 + 3] += v197z;
          }
        }
        leave_sums<4>(sums, p0, part0);
      };
      int p0 = 0;
      for (; p0 + kPairBatch <= count; p0 += kPairBatch) batch(Count<kPairBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
      MLFF_EACH_PAIR(e, count) {
        const Record& p = record[e];
        const int q = q0 + e;
        const real v193 = left_sum<4>(sums, e, 0);
        const real v198x = left_sum<4>(sums, e, 1);
        const real v198y = left_sum<4>(sums, e, 2);
        const real v198z = left_sum<4>(sums, e, 3);
        const real v194x = p.ux * v193;
        const real v194y = p.uy * v193;
        const real v194z = p.uz * v193;
        const real v195x = -v194x;
        const real v195y = -v194y;
        const real v195z = -v194z;
        const real v157 = m_reciprocal(p.r);
        const real v199 = p.ux * v198x + p.uy * v198y + p.uz * v198z;
        const real v200x = p.ux * v199;
        const real v200y = p.uy * v199;
        const real v200z = p.uz * v199;
        const real v201x = -v200x;
        const real v201y = -v200y;
        const real v201z = -v200z;
        const real v202x = v198x + v201x;
        const real v202y = v198y + v201y;
        const real v202z = v198z + v201z;
        const real v203x = v157 * v202x;
        const real v203y = v157 * v202y;
        const real v203z = v157 * v202z;
        const real v204x = v195x + v203x;
        const real v204y = v195y + v203y;
        const real v204z = v195z + v203z;
        pair_gradient[row_of(q, 3)] += v204x;
        pair_gradient[row_of(q, 3) + 1] += v204y;
        pair_gradient[row_of(q, 3) + 2] += v204z;
      }
    }
  }
  block_barrier();
}
