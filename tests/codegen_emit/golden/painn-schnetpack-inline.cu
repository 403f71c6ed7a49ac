MLFF_KERNEL(phase_0, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, const real* MLFF_RESTRICT c0, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c3, const real* MLFF_RESTRICT c4,
            const real* MLFF_RESTRICT c5, const real* MLFF_RESTRICT c6, const real* MLFF_RESTRICT c7,
            const real* MLFF_RESTRICT c8, const real* MLFF_RESTRICT c9, const real* MLFF_RESTRICT c10,
            const real* MLFF_RESTRICT c11, const real* MLFF_RESTRICT c12, const real* MLFF_RESTRICT c13,
            const real* MLFF_RESTRICT c14, const real* MLFF_RESTRICT c15, const real* MLFF_RESTRICT c16,
            const real* MLFF_RESTRICT c17, const real* MLFF_RESTRICT c18, real* MLFF_RESTRICT b0,
            real* MLFF_RESTRICT b1, real* MLFF_RESTRICT b2, real* MLFF_RESTRICT b3, real* MLFF_RESTRICT b4,
            real* MLFF_RESTRICT b5, real* MLFF_RESTRICT b6, real* MLFF_RESTRICT b7, real* MLFF_RESTRICT b8,
            real* MLFF_RESTRICT b9, real* MLFF_RESTRICT b10, real* MLFF_RESTRICT b11) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v9[9];
    real v16;
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
    real a27[slots<8>()] = {};
    real a31x[slots<8>()] = {};
    real a31y[slots<8>()] = {};
    real a31z[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v11 = p.r * 0.628318531f;
        const real v13 = m_cos(v11);
        const real v14 = 1.0f + v13;
        const real v16 = v14 * 0.5f;
        p.v16 = v16;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 9) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = c2[f];
        const real v4 = p.r + v3;
        const real v5 = v2 * v4;
        const real v6 = power<2>(v5);
        const real v8 = v6 * (-0.5f);
        const real v9 = m_exp(v8);
        p.v9[f] = v9;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_CHANNEL(c, f, 8) {
          real v19[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v19[e] = c4[f];
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c5[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v19[e] += pair[e].v9[k] * w;
          }
          real v24[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v24[e] = c7[f];
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c8[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v24[e] += pair[e].v9[k] * w;
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const real v18 = c3[row_of(element[p.j], 8) + f];
            const real v16 = p.v16;
            const real v20 = v16 * v19[e];
            const real v21 = v18 * v20;
            const real v23 = c6[row_of(element[p.j], 8) + f];
            const real v25 = v16 * v24[e];
            const real v26 = v23 * v25;
            const real v30x = v26 * p.ux;
            const real v30y = v26 * p.uy;
            const real v30z = v26 * p.uz;
            a27[c] += v21;
            a31x[c] += v30x;
            a31y[c] += v30y;
            a31z[c] += v30z;
          }
        }
      };
      int p0 = 0;
      for (; p0 + kPairBatch <= count; p0 += kPairBatch) batch(Count<kPairBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
    }
    MLFF_EACH_CHANNEL(c, f, 8) { tile[0 * kTile + t * 8 + f] = a27[c]; }
    MLFF_EACH_CHANNEL(c, f, 8) {
      tile[8 * kTile + t * 24 + f] = a31x[c];
      tile[8 * kTile + t * 24 + 8 + f] = a31y[c];
      tile[8 * kTile + t * 24 + 16 + f] = a31z[c];
    }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v0 = c9[row_of(element[i], 8) + f];
      const real v27 = tile[0 * kTile + t * 8 + f];
      const real v28 = v0 + v27;
      tile[0 * kTile + t * 8 + f] = v28;
    }
  }
  block_barrier();
  linear_tile<8, 8, 2>(rows * 3, in_shared(tile + 8 * kTile), c0, nullptr, false, ring, first_steps<8, 8, 1>(c10),
                       b0 + row_of(first, 24), b1 + row_of(first, 24));
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v32x = b0[row_of(i, 24) + f];
      const real v32y = b0[row_of(i, 24) + 8 + f];
      const real v32z = b0[row_of(i, 24) + 16 + f];
      const real v34 = v32x * v32x + v32y * v32y + v32z * v32z;
      const real v36 = v34 + 1e-08f;
      const real v37 = m_sqrt(v36);
      tile[32 * kTile + t * 8 + f] = v37;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows, in_shared(tile + 0 * kTile), c10, c11, false, ring, first_steps<8, 8, 1>(c12),
                       tile + 40 * kTile);
  linear_tile<8, 8, 1>(rows, in_shared(tile + 32 * kTile), c12, nullptr, true, ring, first_steps<8, 8, 3>(c13),
                       tile + 40 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v38 = tile[40 * kTile + t * 8 + f];
      const real v39 = m_silu(v38);
      const real v152 = m_sigmoid(v38);
      const real v153 = -v152;
      const real v154 = 1.0f + v153;
      const real v155 = v38 * v154;
      const real v156 = 1.0f + v155;
      const real v157 = v152 * v156;
      tile[32 * kTile + t * 8 + f] = v39;
      b11[row_of(i, 8) + f] = v157;
    }
  }
  block_barrier();
  linear_tile<8, 8, 3>(rows, in_shared(tile + 32 * kTile), c13, c14, false, ring, first_steps<8, 8, 1>(c15),
                       b2 + row_of(first, 8), b3 + row_of(first, 8), tile + 40 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v28 = tile[0 * kTile + t * 8 + f];
      const real v41 = b3[row_of(i, 8) + f];
      const real v32x = b0[row_of(i, 24) + f];
      const real v32y = b0[row_of(i, 24) + 8 + f];
      const real v32z = b0[row_of(i, 24) + 16 + f];
      const real v33x = b1[row_of(i, 24) + f];
      const real v33y = b1[row_of(i, 24) + 8 + f];
      const real v33z = b1[row_of(i, 24) + 16 + f];
      const real v42 = v32x * v33x + v32y * v33y + v32z * v33z;
      const real v43 = v41 * v42;
      const real v44 = v28 + v43;
      const real v45 = tile[40 * kTile + t * 8 + f];
      const real v46 = v44 + v45;
      const real v31x = tile[8 * kTile + t * 24 + f];
      const real v31y = tile[8 * kTile + t * 24 + 8 + f];
      const real v31z = tile[8 * kTile + t * 24 + 16 + f];
      const real v40 = b2[row_of(i, 8) + f];
      const real v47x = v33x * v40;
      const real v47y = v33y * v40;
      const real v47z = v33z * v40;
      const real v48x = v31x + v47x;
      const real v48y = v31y + v47y;
      const real v48z = v31z + v47z;
      b4[row_of(i, 8) + f] = v46;
      b5[row_of(i, 24) + f] = v48x;
      b5[row_of(i, 24) + 8 + f] = v48y;
      b5[row_of(i, 24) + 16 + f] = v48z;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows, b4 + row_of(first, 8), c15, c16, false, ring, first_steps<8, 8, 3>(c17), tile + 0 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v49 = tile[0 * kTile + t * 8 + f];
      const real v50 = m_silu(v49);
      const real v135 = m_sigmoid(v49);
      const real v136 = -v135;
      const real v137 = 1.0f + v136;
      const real v138 = v49 * v137;
      const real v139 = 1.0f + v138;
      const real v140 = v135 * v139;
      tile[0 * kTile + t * 8 + f] = v50;
      b10[row_of(i, 8) + f] = v140;
    }
  }
  block_barrier();
  linear_tile<8, 8, 3>(rows, in_shared(tile + 0 * kTile), c17, c18, false, ring, no_steps(), b6 + row_of(first, 8),
                       b7 + row_of(first, 8), b8 + row_of(first, 8));
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v48x = b5[row_of(i, 24) + f];
      const real v48y = b5[row_of(i, 24) + 8 + f];
      const real v48z = b5[row_of(i, 24) + 16 + f];
      const real v61 = b8[row_of(i, 8) + f];
      const real v67x = v48x * v61;
      const real v67y = v48y * v61;
      const real v67z = v48z * v61;
      b9[row_of(i, 24) + f] = v67x;
      b9[row_of(i, 24) + 8 + f] = v67y;
      b9[row_of(i, 24) + 16 + f] = v67z;
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_1, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT atom_energy, const real* MLFF_RESTRICT c1, const real* MLFF_RESTRICT c2,
            const real* MLFF_RESTRICT c19, const real* MLFF_RESTRICT c20, const real* MLFF_RESTRICT c21,
            const real* MLFF_RESTRICT c22, const real* MLFF_RESTRICT c23, const real* MLFF_RESTRICT c24,
            const real* MLFF_RESTRICT c25, const real* MLFF_RESTRICT c26, const real* MLFF_RESTRICT c27,
            const real* MLFF_RESTRICT c28, const real* MLFF_RESTRICT c29, const real* MLFF_RESTRICT c30,
            const real* MLFF_RESTRICT c31, const real* MLFF_RESTRICT c32, const real* MLFF_RESTRICT c33,
            const real* MLFF_RESTRICT c34, const real* MLFF_RESTRICT c35, const real* MLFF_RESTRICT c36,
            const real* MLFF_RESTRICT c37, const real* MLFF_RESTRICT c38, const real* MLFF_RESTRICT c39,
            const real* MLFF_RESTRICT c40, const real* MLFF_RESTRICT b4, const real* MLFF_RESTRICT b5,
            const real* MLFF_RESTRICT b6, const real* MLFF_RESTRICT b7, const real* MLFF_RESTRICT b9,
            real* MLFF_RESTRICT b12, real* MLFF_RESTRICT b13) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v9[9];
    real v16;
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
  fetch_ahead(ring, first_steps<8, 8, 2>(c19));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a64[slots<8>()] = {};
    real a71x[slots<8>()] = {};
    real a71y[slots<8>()] = {};
    real a71z[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v11 = p.r * 0.628318531f;
        const real v13 = m_cos(v11);
        const real v14 = 1.0f + v13;
        const real v16 = v14 * 0.5f;
        p.v16 = v16;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 9) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = c2[f];
        const real v4 = p.r + v3;
        const real v5 = v2 * v4;
        const real v6 = power<2>(v5);
        const real v8 = v6 * (-0.5f);
        const real v9 = m_exp(v8);
        p.v9[f] = v9;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_CHANNEL(c, f, 8) {
          real v53[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v53[e] = c20[f];
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c21[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v53[e] += pair[e].v9[k] * w;
          }
          real v58[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v58[e] = c22[f];
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c23[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v58[e] += pair[e].v9[k] * w;
          }
          real v62[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v62[e] = c24[f];
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c25[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v62[e] += pair[e].v9[k] * w;
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const real v52 = b6[row_of(p.j, 8) + f];
            const real v16 = p.v16;
            const real v54 = v16 * v53[e];
            const real v55 = v52 * v54;
            const real v57 = b7[row_of(p.j, 8) + f];
            const real v59 = v16 * v58[e];
            const real v60 = v57 * v59;
            const real v66x = p.ux * v60;
            const real v66y = p.uy * v60;
            const real v66z = p.uz * v60;
            const real v63 = v16 * v62[e];
            const real v68x = b9[row_of(p.j, 24) + f];
            const real v68y = b9[row_of(p.j, 24) + 8 + f];
            const real v68z = b9[row_of(p.j, 24) + 16 + f];
            const real v69x = v63 * v68x;
            const real v69y = v63 * v68y;
            const real v69z = v63 * v68z;
            const real v70x = v66x + v69x;
            const real v70y = v66y + v69y;
            const real v70z = v66z + v69z;
            a64[c] += v55;
            a71x[c] += v70x;
            a71y[c] += v70y;
            a71z[c] += v70z;
          }
        }
      };
      int p0 = 0;
      for (; p0 + kPairBatch <= count; p0 += kPairBatch) batch(Count<kPairBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
    }
    MLFF_EACH_CHANNEL(c, f, 8) { tile[0 * kTile + t * 8 + f] = a64[c]; }
    MLFF_EACH_CHANNEL(c, f, 8) {
      tile[8 * kTile + t * 24 + f] = a71x[c];
      tile[8 * kTile + t * 24 + 8 + f] = a71y[c];
      tile[8 * kTile + t * 24 + 16 + f] = a71z[c];
    }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v46 = b4[row_of(i, 8) + f];
      const real v64 = tile[0 * kTile + t * 8 + f];
      const real v65 = v46 + v64;
      const real v48x = b5[row_of(i, 24) + f];
      const real v48y = b5[row_of(i, 24) + 8 + f];
      const real v48z = b5[row_of(i, 24) + 16 + f];
      const real v71x = tile[8 * kTile + t * 24 + f];
      const real v71y = tile[8 * kTile + t * 24 + 8 + f];
      const real v71z = tile[8 * kTile + t * 24 + 16 + f];
      const real v72x = v48x + v71x;
      const real v72y = v48y + v71y;
      const real v72z = v48z + v71z;
      tile[0 * kTile + t * 8 + f] = v65;
      tile[8 * kTile + t * 24 + f] = v72x;
      tile[8 * kTile + t * 24 + 8 + f] = v72y;
      tile[8 * kTile + t * 24 + 16 + f] = v72z;
    }
  }
  block_barrier();
  linear_tile<8, 8, 2>(rows * 3, in_shared(tile + 8 * kTile), c19, nullptr, false, ring, first_steps<8, 8, 1>(c26),
                       tile + 32 * kTile, tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v73x = tile[32 * kTile + t * 24 + f];
      const real v73y = tile[32 * kTile + t * 24 + 8 + f];
      const real v73z = tile[32 * kTile + t * 24 + 16 + f];
      const real v75 = v73x * v73x + v73y * v73y + v73z * v73z;
      const real v76 = 1e-08f + v75;
      const real v77 = m_sqrt(v76);
      const real v74x = tile[56 * kTile + t * 24 + f];
      const real v74y = tile[56 * kTile + t * 24 + 8 + f];
      const real v74z = tile[56 * kTile + t * 24 + 16 + f];
      const real v81 = v73x * v74x + v73y * v74y + v73z * v74z;
      tile[8 * kTile + t * 8 + f] = v75;
      tile[16 * kTile + t * 8 + f] = v77;
      tile[24 * kTile + t * 8 + f] = v81;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows, in_shared(tile + 0 * kTile), c26, c27, false, ring, first_steps<8, 8, 1>(c28),
                       tile + 80 * kTile);
  linear_tile<8, 8, 1>(rows, in_shared(tile + 16 * kTile), c28, nullptr, true, ring, first_steps<8, 8, 2>(c29),
                       tile + 80 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v78 = tile[80 * kTile + t * 8 + f];
      const real v79 = m_silu(v78);
      tile[16 * kTile + t * 8 + f] = v79;
    }
  }
  block_barrier();
  linear_tile<8, 8, 2>(rows, in_shared(tile + 16 * kTile), c29, c30, false, ring, first_steps<8, 5, 1>(c31),
                       tile + 88 * kTile, tile + 96 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v65 = tile[0 * kTile + t * 8 + f];
      const real v80 = tile[88 * kTile + t * 8 + f];
      const real v81 = tile[24 * kTile + t * 8 + f];
      const real v82 = v80 * v81;
      const real v83 = v65 + v82;
      const real v84 = tile[96 * kTile + t * 8 + f];
      const real v85 = v83 + v84;
      tile[0 * kTile + t * 8 + f] = v85;
    }
  }
  block_barrier();
  linear_tile<8, 5, 1>(rows, in_shared(tile + 0 * kTile), c31, c32, false, ring, first_steps<5, 1, 1>(c33),
                       tile + 16 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 5) {
      const real v86 = tile[16 * kTile + t * 5 + f];
      const real v87 = m_silu(v86);
      const real v90 = c34[f];
      const real v91 = m_sigmoid(v86);
      const real v92 = -v91;
      const real v93 = 1.0f + v92;
      const real v94 = v86 * v93;
      const real v95 = 1.0f + v94;
      const real v96 = v91 * v95;
      const real v97 = v90 * v96;
      tile[0 * kTile + t * 5 + f] = v87;
      tile[16 * kTile + t * 5 + f] = v97;
    }
  }
  block_barrier();
  linear_tile<5, 1, 1>(rows, in_shared(tile + 0 * kTile), c33, nullptr, false, ring, first_steps<5, 8, 1>(c35),
                       tile + 5 * kTile);
  linear_tile<5, 8, 1>(rows, in_shared(tile + 16 * kTile), c35, nullptr, false, ring, first_steps<8, 8, 1>(c36),
                       tile + 96 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v81 = tile[24 * kTile + t * 8 + f];
      const real v98 = tile[96 * kTile + t * 8 + f];
      const real v99 = v81 * v98;
      const real v73x = tile[32 * kTile + t * 24 + f];
      const real v73y = tile[32 * kTile + t * 24 + 8 + f];
      const real v73z = tile[32 * kTile + t * 24 + 16 + f];
      const real v80 = tile[88 * kTile + t * 8 + f];
      const real v100 = v80 * v98;
      const real v102x = v73x * v100;
      const real v102y = v73y * v100;
      const real v102z = v73z * v100;
      tile[16 * kTile + t * 8 + f] = v99;
      tile[104 * kTile + t * 24 + f] = v102x;
      tile[104 * kTile + t * 24 + 8 + f] = v102y;
      tile[104 * kTile + t * 24 + 16 + f] = v102z;
    }
    MLFF_EACH_CHANNEL(c, f, 1) {
      const real v88 = tile[5 * kTile + t * 1];
      atom_energy[i] = v88;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows, in_shared(tile + 16 * kTile), c36, nullptr, false, ring, first_steps<8, 8, 1>(c37),
                       tile + 0 * kTile);
  linear_tile<8, 8, 1>(rows, in_shared(tile + 96 * kTile), c37, nullptr, true, ring, first_steps<8, 8, 2>(c38),
                       tile + 0 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v103 = tile[0 * kTile + t * 8 + f];
      const real v78 = tile[80 * kTile + t * 8 + f];
      const real v104 = m_sigmoid(v78);
      const real v105 = -v104;
      const real v106 = 1.0f + v105;
      const real v107 = v78 * v106;
      const real v108 = 1.0f + v107;
      const real v109 = v104 * v108;
      const real v110 = v103 * v109;
      tile[0 * kTile + t * 8 + f] = v110;
    }
  }
  block_barrier();
  linear_tile<8, 8, 2>(rows, in_shared(tile + 0 * kTile), c38, nullptr, false, ring, first_steps<8, 8, 1>(c39),
                       tile + 16 * kTile, tile + 24 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v98 = tile[96 * kTile + t * 8 + f];
      const real v111 = tile[16 * kTile + t * 8 + f];
      const real v112 = v98 + v111;
      const real v73x = tile[32 * kTile + t * 24 + f];
      const real v73y = tile[32 * kTile + t * 24 + 8 + f];
      const real v73z = tile[32 * kTile + t * 24 + 16 + f];
      const real v113 = tile[24 * kTile + t * 8 + f];
      const real v75 = tile[8 * kTile + t * 8 + f];
      const real v76 = 1e-08f + v75;
      const real v114 = m_rsqrt(v76);
      const real v115 = 0.5f * v114;
      const real v116 = v113 * v115;
      const real v117x = v73x * v116;
      const real v117y = v73y * v116;
      const real v117z = v73z * v116;
      const real v74x = tile[56 * kTile + t * 24 + f];
      const real v74y = tile[56 * kTile + t * 24 + 8 + f];
      const real v74z = tile[56 * kTile + t * 24 + 16 + f];
      const real v80 = tile[88 * kTile + t * 8 + f];
      const real v100 = v80 * v98;
      const real v101x = v74x * v100;
      const real v101y = v74y * v100;
      const real v101z = v74z * v100;
      const real v118x = v117x + v101x;
      const real v118y = v117y + v101y;
      const real v118z = v117z + v101z;
      const real v119x = v118x + v117x;
      const real v119y = v118y + v117y;
      const real v119z = v118z + v117z;
      b12[row_of(i, 8) + f] = v112;
      tile[32 * kTile + t * 24 + f] = v119x;
      tile[32 * kTile + t * 24 + 8 + f] = v119y;
      tile[32 * kTile + t * 24 + 16 + f] = v119z;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows * 3, in_shared(tile + 104 * kTile), c39, nullptr, false, ring, first_steps<8, 8, 1>(c40),
                       b13 + row_of(first, 24));
  linear_tile<8, 8, 1>(rows * 3, in_shared(tile + 32 * kTile), c40, nullptr, true, ring, no_steps(),
                       b13 + row_of(first, 24));
  block_barrier();
}

MLFF_KERNEL(phase_2, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c1, const real* MLFF_RESTRICT c2,
            const real* MLFF_RESTRICT c20, const real* MLFF_RESTRICT c21, const real* MLFF_RESTRICT c22,
            const real* MLFF_RESTRICT c23, const real* MLFF_RESTRICT c24, const real* MLFF_RESTRICT c25,
            const real* MLFF_RESTRICT c41, const real* MLFF_RESTRICT c42, const real* MLFF_RESTRICT c43,
            const real* MLFF_RESTRICT c44, const real* MLFF_RESTRICT c45, const real* MLFF_RESTRICT c46,
            const real* MLFF_RESTRICT c47, const real* MLFF_RESTRICT c48, const real* MLFF_RESTRICT c49,
            const real* MLFF_RESTRICT c50, const real* MLFF_RESTRICT b0, const real* MLFF_RESTRICT b1,
            const real* MLFF_RESTRICT b2, const real* MLFF_RESTRICT b3, const real* MLFF_RESTRICT b5,
            const real* MLFF_RESTRICT b6, const real* MLFF_RESTRICT b7, const real* MLFF_RESTRICT b8,
            const real* MLFF_RESTRICT b9, const real* MLFF_RESTRICT b10, const real* MLFF_RESTRICT b11,
            const real* MLFF_RESTRICT b12, const real* MLFF_RESTRICT b13, real* MLFF_RESTRICT b14,
            real* MLFF_RESTRICT b15) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v9[9];
    real v16;
    real v174[9];
    real v179;
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
  fetch_ahead(ring, first_steps<8, 8, 1>(c41));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a123x[slots<8>()] = {};
    real a123y[slots<8>()] = {};
    real a123z[slots<8>()] = {};
    real a129[slots<8>()] = {};
    real a133[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v11 = p.r * 0.628318531f;
        const real v13 = m_cos(v11);
        const real v14 = 1.0f + v13;
        const real v16 = v14 * 0.5f;
        const real v177 = m_sin(v11);
        const real v178 = 0.628318531f * v177;
        const real v179 = 0.5f * v178;
        p.v16 = v16;
        p.v179 = v179;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 9) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = c2[f];
        const real v4 = p.r + v3;
        const real v5 = v2 * v4;
        const real v6 = power<2>(v5);
        const real v8 = v6 * (-0.5f);
        const real v9 = m_exp(v8);
        const real v171 = v5 * 2.0f;
        const real v172 = v2 * v171;
        const real v173 = (-0.5f) * v172;
        const real v174 = v9 * v173;
        p.v9[f] = v9;
        p.v174[f] = v174;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        real part0[E * 4] = {};
        MLFF_EACH_CHANNEL(c, f, 8) {
          const real v67x = b9[row_of(i, 24) + f];
          const real v67y = b9[row_of(i, 24) + 8 + f];
          const real v67z = b9[row_of(i, 24) + 16 + f];
          const real v51 = b6[row_of(i, 8) + f];
          const real v56 = b7[row_of(i, 8) + f];
          real v62[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v62[e] = c24[f];
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c25[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v62[e] += pair[e].v9[k] * w;
          }
          real v58[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v58[e] = c22[f];
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c23[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v58[e] += pair[e].v9[k] * w;
          }
          real v53[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v53[e] = c20[f];
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c21[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v53[e] += pair[e].v9[k] * w;
          }
          real v198[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v198[e] = 0.0f;
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c25[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v198[e] += pair[e].v174[k] * w;
          }
          real v188[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v188[e] = 0.0f;
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c21[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v188[e] += pair[e].v174[k] * w;
          }
          real v193[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v193[e] = 0.0f;
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c23[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v193[e] += pair[e].v174[k] * w;
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const real v16 = p.v16;
            const real v63 = v16 * v62[e];
            const real v121x = b13[row_of(p.j, 24) + f];
            const real v121y = b13[row_of(p.j, 24) + 8 + f];
            const real v121z = b13[row_of(p.j, 24) + 16 + f];
            const real v122x = v63 * v121x;
            const real v122y = v63 * v121y;
            const real v122z = v63 * v121z;
            const real v59 = v16 * v58[e];
            const real v127 = p.ux * v121x + p.uy * v121y + p.uz * v121z;
            const real v128 = v59 * v127;
            const real v54 = v16 * v53[e];
            const real v131 = b12[row_of(p.j, 8) + f];
            const real v132 = v54 * v131;
            const real v199 = v16 * v198[e];
            const real v179 = p.v179;
            const real v200 = v62[e] * v179;
            const real v201 = -v200;
            const real v202 = v199 + v201;
            const real v205 = v121x * v67x + v121y * v67y + v121z * v67z;
            const real v206 = v202 * v205;
            const real v189 = v16 * v188[e];
            const real v190 = v53[e] * v179;
            const real v191 = -v190;
            const real v192 = v189 + v191;
            const real v208 = v131 * v192;
            const real v209 = v51 * v208;
            const real v214 = v206 + v209;
            const real v194 = v16 * v193[e];
            const real v195 = v58[e] * v179;
            const real v196 = -v195;
            const real v197 = v194 + v196;
            const real v211 = v127 * v197;
            const real v212 = v56 * v211;
            const real v213 = -v212;
            const real v215 = v214 + v213;
            const real v219 = v59 * v56;
            const real v220x = v121x * v219;
            const real v220y = v121y * v219;
            const real v220z = v121z * v219;
            a123x[c] += v122x;
            a123y[c] += v122y;
            a123z[c] += v122z;
            a129[c] += v128;
            a133[c] += v132;
            part0[e * 4 + 0] += v215;
            part0[e * 4 + 1] += v220x;
            part0[e * 4 + 2] += v220y;
            part0[e * 4 + 3] += v220z;
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
        const real v216 = left_sum<4>(sums, e, 0);
        const real v221x = left_sum<4>(sums, e, 1);
        const real v221y = left_sum<4>(sums, e, 2);
        const real v221z = left_sum<4>(sums, e, 3);
        const real v217x = p.ux * v216;
        const real v217y = p.uy * v216;
        const real v217z = p.uz * v216;
        const real v218x = -v217x;
        const real v218y = -v217y;
        const real v218z = -v217z;
        const real v203 = m_reciprocal(p.r);
        const real v222 = p.ux * v221x + p.uy * v221y + p.uz * v221z;
        const real v223x = p.ux * v222;
        const real v223y = p.uy * v222;
        const real v223z = p.uz * v222;
        const real v224x = -v223x;
        const real v224y = -v223y;
        const real v224z = -v223z;
        const real v225x = v221x + v224x;
        const real v225y = v221y + v224y;
        const real v225z = v221z + v224z;
        const real v226x = v203 * v225x;
        const real v226y = v203 * v225y;
        const real v226z = v203 * v225z;
        const real v227x = v218x + v226x;
        const real v227y = v218y + v226y;
        const real v227z = v218z + v226z;
        pair_gradient[row_of(q, 3)] = v227x;
        pair_gradient[row_of(q, 3) + 1] = v227y;
        pair_gradient[row_of(q, 3) + 2] = v227z;
      }
    }
    MLFF_EACH_CHANNEL(c, f, 8) {
      tile[0 * kTile + t * 24 + f] = a123x[c];
      tile[0 * kTile + t * 24 + 8 + f] = a123y[c];
      tile[0 * kTile + t * 24 + 16 + f] = a123z[c];
    }
    MLFF_EACH_CHANNEL(c, f, 8) { tile[24 * kTile + t * 8 + f] = a129[c]; }
    MLFF_EACH_CHANNEL(c, f, 8) { tile[32 * kTile + t * 8 + f] = a133[c]; }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v120x = b13[row_of(i, 24) + f];
      const real v120y = b13[row_of(i, 24) + 8 + f];
      const real v120z = b13[row_of(i, 24) + 16 + f];
      const real v61 = b8[row_of(i, 8) + f];
      const real v123x = tile[0 * kTile + t * 24 + f];
      const real v123y = tile[0 * kTile + t * 24 + 8 + f];
      const real v123z = tile[0 * kTile + t * 24 + 16 + f];
      const real v124x = v61 * v123x;
      const real v124y = v61 * v123y;
      const real v124z = v61 * v123z;
      const real v125x = v120x + v124x;
      const real v125y = v120y + v124y;
      const real v125z = v120z + v124z;
      const real v48x = b5[row_of(i, 24) + f];
      const real v48y = b5[row_of(i, 24) + 8 + f];
      const real v48z = b5[row_of(i, 24) + 16 + f];
      const real v126 = v48x * v123x + v48y * v123y + v48z * v123z;
      const real v129 = tile[24 * kTile + t * 8 + f];
      const real v130 = -v129;
      const real v33x = b1[row_of(i, 24) + f];
      const real v33y = b1[row_of(i, 24) + 8 + f];
      const real v33z = b1[row_of(i, 24) + 16 + f];
      const real v145 = v33x * v125x + v33y * v125y + v33z * v125z;
      tile[0 * kTile + t * 24 + f] = v125x;
      tile[0 * kTile + t * 24 + 8 + f] = v125y;
      tile[0 * kTile + t * 24 + 16 + f] = v125z;
      tile[24 * kTile + t * 8 + f] = v126;
      tile[40 * kTile + t * 8 + f] = v130;
      tile[48 * kTile + t * 8 + f] = v145;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows, in_shared(tile + 24 * kTile), c41, nullptr, false, ring, first_steps<8, 8, 1>(c42),
                       tile + 56 * kTile);
  linear_tile<8, 8, 1>(rows, in_shared(tile + 40 * kTile), c42, nullptr, true, ring, first_steps<8, 8, 1>(c43),
                       tile + 56 * kTile);
  linear_tile<8, 8, 1>(rows, in_shared(tile + 32 * kTile), c43, nullptr, true, ring, first_steps<8, 8, 1>(c44),
                       tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v134 = tile[56 * kTile + t * 8 + f];
      const real v140 = b10[row_of(i, 8) + f];
      const real v141 = v134 * v140;
      tile[24 * kTile + t * 8 + f] = v141;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows, in_shared(tile + 24 * kTile), c44, nullptr, false, ring, first_steps<8, 8, 1>(c45),
                       tile + 32 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v112 = b12[row_of(i, 8) + f];
      const real v142 = tile[32 * kTile + t * 8 + f];
      const real v143 = v112 + v142;
      const real v32x = b0[row_of(i, 24) + f];
      const real v32y = b0[row_of(i, 24) + 8 + f];
      const real v32z = b0[row_of(i, 24) + 16 + f];
      const real v33x = b1[row_of(i, 24) + f];
      const real v33y = b1[row_of(i, 24) + 8 + f];
      const real v33z = b1[row_of(i, 24) + 16 + f];
      const real v42 = v32x * v33x + v32y * v33y + v32z * v33z;
      const real v146 = v42 * v143;
      const real v40 = b2[row_of(i, 8) + f];
      const real v125x = tile[0 * kTile + t * 24 + f];
      const real v125y = tile[0 * kTile + t * 24 + 8 + f];
      const real v125z = tile[0 * kTile + t * 24 + 16 + f];
      const real v144x = v40 * v125x;
      const real v144y = v40 * v125y;
      const real v144z = v40 * v125z;
      const real v41 = b3[row_of(i, 8) + f];
      const real v147 = v41 * v143;
      const real v149x = v32x * v147;
      const real v149y = v32y * v147;
      const real v149z = v32z * v147;
      const real v150x = v144x + v149x;
      const real v150y = v144y + v149y;
      const real v150z = v144z + v149z;
      tile[24 * kTile + t * 8 + f] = v143;
      tile[32 * kTile + t * 8 + f] = v146;
      tile[56 * kTile + t * 24 + f] = v150x;
      tile[56 * kTile + t * 24 + 8 + f] = v150y;
      tile[56 * kTile + t * 24 + 16 + f] = v150z;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows, in_shared(tile + 32 * kTile), c45, nullptr, false, ring, first_steps<8, 8, 1>(c46),
                       tile + 40 * kTile);
  linear_tile<8, 8, 1>(rows, in_shared(tile + 48 * kTile), c46, nullptr, true, ring, first_steps<8, 8, 1>(c47),
                       tile + 40 * kTile);
  linear_tile<8, 8, 1>(rows, in_shared(tile + 24 * kTile), c47, nullptr, true, ring, first_steps<8, 8, 2>(c48),
                       tile + 40 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v151 = tile[40 * kTile + t * 8 + f];
      const real v157 = b11[row_of(i, 8) + f];
      const real v158 = v151 * v157;
      tile[32 * kTile + t * 8 + f] = v158;
    }
  }
  block_barrier();
  linear_tile<8, 8, 2>(rows, in_shared(tile + 32 * kTile), c48, nullptr, false, ring, first_steps<8, 8, 1>(c49),
                       tile + 40 * kTile, tile + 48 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v143 = tile[24 * kTile + t * 8 + f];
      const real v159 = tile[40 * kTile + t * 8 + f];
      const real v160 = v143 + v159;
      const real v32x = b0[row_of(i, 24) + f];
      const real v32y = b0[row_of(i, 24) + 8 + f];
      const real v32z = b0[row_of(i, 24) + 16 + f];
      const real v161 = tile[48 * kTile + t * 8 + f];
      const real v34 = v32x * v32x + v32y * v32y + v32z * v32z;
      const real v36 = v34 + 1e-08f;
      const real v162 = m_rsqrt(v36);
      const real v163 = 0.5f * v162;
      const real v164 = v161 * v163;
      const real v165x = v32x * v164;
      const real v165y = v32y * v164;
      const real v165z = v32z * v164;
      const real v33x = b1[row_of(i, 24) + f];
      const real v33y = b1[row_of(i, 24) + 8 + f];
      const real v33z = b1[row_of(i, 24) + 16 + f];
      const real v41 = b3[row_of(i, 8) + f];
      const real v147 = v41 * v143;
      const real v148x = v33x * v147;
      const real v148y = v33y * v147;
      const real v148z = v33z * v147;
      const real v166x = v165x + v148x;
      const real v166y = v165y + v148y;
      const real v166z = v165z + v148z;
      const real v167x = v166x + v165x;
      const real v167y = v166y + v165y;
      const real v167z = v166z + v165z;
      b14[row_of(i, 8) + f] = v160;
      tile[80 * kTile + t * 24 + f] = v167x;
      tile[80 * kTile + t * 24 + 8 + f] = v167y;
      tile[80 * kTile + t * 24 + 16 + f] = v167z;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows * 3, in_shared(tile + 56 * kTile), c49, nullptr, false, ring, first_steps<8, 8, 1>(c50),
                       tile + 24 * kTile);
  linear_tile<8, 8, 1>(rows * 3, in_shared(tile + 80 * kTile), c50, nullptr, true, ring, no_steps(), tile + 24 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v125x = tile[0 * kTile + t * 24 + f];
      const real v125y = tile[0 * kTile + t * 24 + 8 + f];
      const real v125z = tile[0 * kTile + t * 24 + 16 + f];
      const real v168x = tile[24 * kTile + t * 24 + f];
      const real v168y = tile[24 * kTile + t * 24 + 8 + f];
      const real v168z = tile[24 * kTile + t * 24 + 16 + f];
      const real v169x = v125x + v168x;
      const real v169y = v125y + v168y;
      const real v169z = v125z + v168z;
      b15[row_of(i, 24) + f] = v169x;
      b15[row_of(i, 24) + 8 + f] = v169y;
      b15[row_of(i, 24) + 16 + f] = v169z;
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_3, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c3, const real* MLFF_RESTRICT c4,
            const real* MLFF_RESTRICT c5, const real* MLFF_RESTRICT c6, const real* MLFF_RESTRICT c7,
            const real* MLFF_RESTRICT c8, const real* MLFF_RESTRICT b14, const real* MLFF_RESTRICT b15) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v9[9];
    real v16;
    real v174[9];
    real v179;
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
        const real v11 = p.r * 0.628318531f;
        const real v13 = m_cos(v11);
        const real v14 = 1.0f + v13;
        const real v16 = v14 * 0.5f;
        const real v177 = m_sin(v11);
        const real v178 = 0.628318531f * v177;
        const real v179 = 0.5f * v178;
        p.v16 = v16;
        p.v179 = v179;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 9) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = c2[f];
        const real v4 = p.r + v3;
        const real v5 = v2 * v4;
        const real v6 = power<2>(v5);
        const real v8 = v6 * (-0.5f);
        const real v9 = m_exp(v8);
        const real v171 = v5 * 2.0f;
        const real v172 = v2 * v171;
        const real v173 = (-0.5f) * v172;
        const real v174 = v9 * v173;
        p.v9[f] = v9;
        p.v174[f] = v174;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        real part0[E * 4] = {};
        MLFF_EACH_CHANNEL(c, f, 8) {
          const real v17 = c3[row_of(element[i], 8) + f];
          const real v22 = c6[row_of(element[i], 8) + f];
          real v175[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v175[e] = 0.0f;
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c5[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v175[e] += pair[e].v174[k] * w;
          }
          real v19[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v19[e] = c4[f];
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c5[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v19[e] += pair[e].v9[k] * w;
          }
          real v183[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v183[e] = 0.0f;
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c8[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v183[e] += pair[e].v174[k] * w;
          }
          real v24[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v24[e] = c7[f];
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c8[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v24[e] += pair[e].v9[k] * w;
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const real v16 = p.v16;
            const real v176 = v16 * v175[e];
            const real v179 = p.v179;
            const real v180 = v19[e] * v179;
            const real v181 = -v180;
            const real v182 = v176 + v181;
            const real v229 = b14[row_of(p.j, 8) + f];
            const real v230 = v182 * v229;
            const real v231 = v17 * v230;
            const real v184 = v16 * v183[e];
            const real v185 = v24[e] * v179;
            const real v186 = -v185;
            const real v187 = v184 + v186;
            const real v233x = b15[row_of(p.j, 24) + f];
            const real v233y = b15[row_of(p.j, 24) + 8 + f];
            const real v233z = b15[row_of(p.j, 24) + 16 + f];
            const real v234 = p.ux * v233x + p.uy * v233y + p.uz * v233z;
            const real v235 = v187 * v234;
            const real v236 = v22 * v235;
            const real v237 = -v236;
            const real v238 = v231 + v237;
            const real v25 = v16 * v24[e];
            const real v242 = v25 * v22;
            const real v243x = v233x * v242;
            const real v243y = v233y * v242;
            const real v243z = v233z * v242;
            part0[e * 4 + 0] += v238;
            part0[e * 4 + 1] += v243x;
            part0[e * 4 + 2] += v243y;
            part0[e * 4 + 3] += v243z;
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
        const real v239 = left_sum<4>(sums, e, 0);
        const real v244x = left_sum<4>(sums, e, 1);
        const real v244y = left_sum<4>(sums, e, 2);
        const real v244z = left_sum<4>(sums, e, 3);
        const real v240x = p.ux * v239;
        const real v240y = p.uy * v239;
        const real v240z = p.uz * v239;
        const real v241x = -v240x;
        const real v241y = -v240y;
        const real v241z = -v240z;
        const real v203 = m_reciprocal(p.r);
        const real v245 = p.ux * v244x + p.uy * v244y + p.uz * v244z;
        const real v246x = p.ux * v245;
        const real v246y = p.uy * v245;
        const real v246z = p.uz * v245;
        const real v247x = -v246x;
        const real v247y = -v246y;
        const real v247z = -v246z;
        const real v248x = v244x + v247x;
        const real v248y = v244y + v247y;
        const real v248z = v244z + v247z;
        const real v249x = v203 * v248x;
        const real v249y = v203 * v248y;
        const real v249z = v203 * v248z;
        const real v250x = v241x + v249x;
        const real v250y = v241y + v249y;
        const real v250z = v241z + v249z;
        pair_gradient[row_of(q, 3)] += v250x;
        pair_gradient[row_of(q, 3) + 1] += v250y;
        pair_gradient[row_of(q, 3) + 2] += v250z;
      }
    }
  }
  block_barrier();
}
